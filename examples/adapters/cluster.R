# A job that is written for a cluster of package parallel, through makeCluster() and through memCluster(): a t test for each gene of the
# leukaemia data (see ../leukaemia.R), and a cross-validated choice of how many genes tell the two types best. One line is different.
library(memshare)
for (package in c("ALL", "Biobase")) {
  if (!requireNamespace(package, quietly = TRUE)) {
    cat(sprintf("skipped: package %s is not installed\n", package))
    quit("no")
  }
}
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "job.R"))
folds <- rep(1:10, length.out = length(type))

# How many of the left-out patients the nearest centroid of so many genes, chosen on the others, gets right.
right <- function(fold, count, genes, type, folds) {
  inside <- folds != fold
  means <- sapply(c("B", "T"), function(kind) rowMeans(genes[, inside & type == kind]))
  chosen <- order(-abs(means[, "B"] - means[, "T"]))[seq_len(count)]
  away <- sapply(c("B", "T"), function(kind) colSums((genes[chosen, !inside, drop = FALSE] - means[chosen, kind])^2))
  sum(ifelse(away[, "B"] < away[, "T"], "B", "T") == type[!inside])
}

job <- function(cluster) {
  parallel::clusterExport(cluster, c("genes", "gene_p", "type"))
  p <- unlist(parallel::parLapply(cluster, parts, function(rows) apply(genes[rows, ], 1, gene_p, type)))
  tries <- expand.grid(fold = 1:10, count = c(1, 5, 25, 100, 500))
  hits <- parallel::clusterMap(cluster, right, tries$fold, tries$count, MoreArgs = list(genes = genes, type = type, folds = folds))
  parallel::stopCluster(cluster)
  list(p = p, right = tapply(unlist(hits), tries$count, sum) / length(type))
}

theirs <- measured(job(parallel::makeCluster(2)))
ours <- measured(job(memCluster(2)))

print(round(ours$value$right, 3))
compare("makeCluster", theirs, ours)
