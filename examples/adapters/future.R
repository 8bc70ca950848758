# A job that is written for future.apply, through plan(multisession) and through plan(memshare): a t test for each gene of the leukaemia data (see
# ../leukaemia.R), and a bootstrap of the best one. One line is different.
library(memshare)
for (package in c("ALL", "Biobase", "future", "future.apply")) {
  if (!requireNamespace(package, quietly = TRUE)) {
    cat(sprintf("skipped: package %s is not installed\n", package))
    quit("no")
  }
}
suppressPackageStartupMessages(library(future.apply))
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "job.R"))
# A fifth of the genes will do.
parts <- parts[1:10]

job <- function() {
  p <- unlist(future_lapply(parts, function(rows) apply(genes[rows, ], 1, gene_p, type)), use.names = FALSE)
  best <- genes[which.min(p), ]
  boot <- future_sapply(seq_len(200), function(k) {
    drawn <- sample(length(type), replace = TRUE)
    mean(best[drawn][type[drawn] == "B"]) - mean(best[drawn][type[drawn] == "T"])
  }, future.seed = 1)
  list(p = p, interval = stats::quantile(boot, c(0.025, 0.975)))
}

theirs <- measured({
  plan(multisession, workers = 2)
  job()
})
plan(sequential)

ours <- measured({
  plan(memshare, workers = 2)
  job()
})
plan(sequential)

compare("multisession", theirs, ours)
