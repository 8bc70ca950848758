# Feature selection by mutual information, the task for which the memshare API was published (Thrun and Märte, The R Journal 17(4),
# RJ-2025-043): which of 19,637 features, measured on 10,446 cases, tell most about which of 32 classes a case is in? The data are generated, at
# the article's size: 1.64 GB of doubles, filled where they are read, so that no process has a copy. A score of each feature, the best
# printed and plotted. Run it with: Rscript examples/features.R [CASES FEATURES [PLOT.pdf]]
library(memshare)

args <- commandArgs(TRUE)
size <- if (length(args) >= 2) as.integer(args[1:2]) else c(10446L, 19637L)
plot_file <- if (length(args) >= 3) args[[3]] else tempfile(fileext = ".pdf")
stopifnot(!anyNA(size), size >= c(320L, 40L))
classes <- 32L

set.seed(1)
y <- sample(rep_len(seq_len(classes), size[[1]]))
# 20 features know something of the classes: each has a mean a class, further and further apart.
telling <- round(seq(1, size[[2]], length.out = 20))
means <- outer(rnorm(classes), seq(0.3, 1.5, length.out = 20))

seconds <- function(code) system.time(code)[["elapsed"]]
memAllocate("features", "X", "double", dim = size)
filled <- seconds(invisible(memLapply(seq_len(size[[2]]), function(j, y, telling, means) {
  v <- rnorm(length(y))
  at <- match(j, telling)
  if (!is.na(at)) v <- v + means[y, at]
  memWrite("features", "X", v, list(NULL, j))
  NULL
}, VARS = list(y = y, telling = telling, means = means), CONTROL = memControl(seed = 1))))

scored <- seconds(scores <- memMutualinfo("X", y, isYDiscrete = TRUE, NAMESPACE = "features"))
names(scores) <- paste0("feature_", seq_along(scores))
best <- utils::head(sort(scores, decreasing = TRUE), 20)

cat(sprintf("%d cases x %d features (%.2f GB), %d classes\n", size[[1]], size[[2]], prod(size) * 8 / 1e9, classes))
cat("\nThe features that tell most, in nats of at most log(32) = 3.47\n")
print(data.frame(information = best, tells = ifelse(names(best) %in% paste0("feature_", telling), "generated so", "")), digits = 4)
cat(sprintf("\nfilled in %.1f s, scored in %.1f s\n", filled, scored))
print(memLastRun())

grDevices::pdf(plot_file, width = 7, height = 6)
dotchart(rev(best), xlab = "mutual information with the class (nats)", main = "The features that tell most", pch = 19)
abline(v = stats::median(scores), lty = 2)
invisible(grDevices::dev.off())
cat("plotted in", plot_file, "(dashed: the median of all features)\n")

# PSS counts a shared page once, however many processes map it.
if (file.exists("/proc/self/smaps_rollup")) {
  workers <- unique(unlist(memLapply(1:64, function(i) {
    Sys.sleep(0.005)
    Sys.getpid()
  })))
  pss <- function(pid) {
    lines <- tryCatch(readLines(sprintf("/proc/%d/smaps_rollup", pid)), error = function(e) "Pss: 0 kB", warning = function(w) "Pss: 0 kB")
    as.numeric(sub("^Pss:\\s+([0-9]+) kB$", "\\1", grep("^Pss:", lines, value = TRUE)[[1]])) / 1024
  }
  own <- sum(vapply(c(Sys.getpid(), workers), pss, 0))
  cat(sprintf("memory (PSS): %.0f MB in %d processes; the data are %.0f MB in shared memory\n", own, 1 + length(workers), prod(size) * 8 / 1024^2))
}

# The values are those of mutualinfo(), and what was generated to tell something does.
X <- retrieveViews("features", "X")$X
for (j in c(telling[c(1, 20)], 2L)) stopifnot(identical(scores[[j]], mutualinfo(X[, j], y, isYDiscrete = TRUE)))
stopifnot(sum(names(best) %in% paste0("feature_", telling)) >= 15)
rm(X)
releaseViews("features", "X")
releaseVariables("features", "X")
