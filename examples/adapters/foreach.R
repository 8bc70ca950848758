# A job that is written for foreach, through doParallel and through memshare: a t test for each gene of the leukaemia data (see
# ../leukaemia.R), and a bootstrap of the best one. One line is different.
library(memshare)
for (package in c("ALL", "Biobase", "foreach", "doParallel")) {
  if (!requireNamespace(package, quietly = TRUE)) {
    cat(sprintf("skipped: package %s is not installed\n", package))
    quit("no")
  }
}
suppressPackageStartupMessages(library(foreach))
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "job.R"))

job <- function() {
  p <- foreach(rows = parts, .combine = c, .export = c("genes", "gene_p", "type")) %dopar% apply(genes[rows, ], 1, gene_p, type)
  best <- genes[which.min(p), ]
  boot <- foreach(k = seq_len(200), .combine = c, .export = "type") %dopar% {
    set.seed(k)
    drawn <- sample(length(type), replace = TRUE)
    mean(best[drawn][type[drawn] == "B"]) - mean(best[drawn][type[drawn] == "T"])
  }
  list(p = p, interval = stats::quantile(boot, c(0.025, 0.975)))
}

theirs <- measured({
  cluster <- parallel::makeCluster(2)
  doParallel::registerDoParallel(cluster)
  value <- job()
  parallel::stopCluster(cluster)
  value
})

registerDoMemshare(cores = 2)
ours <- measured(job())

compare("doParallel", theirs, ours)
