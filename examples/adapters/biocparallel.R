# A job that is written for BiocParallel, through SnowParam() and through MemshareParam(): a t test for each gene of the leukaemia data (see
# ../leukaemia.R), and a bootstrap of the best one. One line is different.
library(memshare)
for (package in c("ALL", "Biobase", "BiocParallel")) {
  if (!requireNamespace(package, quietly = TRUE)) {
    cat(sprintf("skipped: package %s is not installed\n", package))
    quit("no")
  }
}
suppressPackageStartupMessages(library(BiocParallel))
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "job.R"))

job <- function(param) {
  p <- unlist(bplapply(parts, function(rows, genes, type, gene_p) apply(genes[rows, ], 1, gene_p, type), genes, type, gene_p, BPPARAM = param))
  best <- genes[which.min(p), ]
  resampled <- function(k, best, type) {
    drawn <- sample(length(type), replace = TRUE)
    mean(best[drawn][type[drawn] == "B"]) - mean(best[drawn][type[drawn] == "T"])
  }
  boot <- unlist(bplapply(seq_len(200), resampled, best, type, BPPARAM = param))
  list(p = p, interval = stats::quantile(boot, c(0.025, 0.975)))
}

theirs <- measured(job(SnowParam(2, RNGseed = 1)))
ours <- measured(job(MemshareParam(2, RNGseed = 1)))

compare("SnowParam()", theirs, ours)
