# One copy: the proportional memory (PSS) of the session and four workers that touch all of a registered 200 MB matrix grows by
# the matrix once. With ONE_COPY_MB=1000 it is the test at 1 GB.
library(memshare)
if (!file.exists("/proc/self/smaps_rollup")) {
  cat("skipped: no smaps_rollup here\n")
  quit("no")
}
megabytes <- as.numeric(Sys.getenv("ONE_COPY_MB", "200"))
workers <- 4L
pss <- function(pid) {
  line <- grep("^Pss:", readLines(sprintf("/proc/%d/smaps_rollup", pid)), value = TRUE)
  as.numeric(sub("^Pss:\\s+([0-9]+) kB$", "\\1", line)) / 1024
}
columns <- 100L * workers
rows <- as.integer(megabytes * 1e6 / 8 / columns)
x <- matrix(1, rows, columns)
registerVariables("pss", list(x = x))
rm(x)
invisible(gc())

# Each worker reads the whole matrix, and all are alive when they are measured.
touch <- function(v, x) {
  total <- 0
  for (j in seq_len(ncol(x))) total <- total + sum(x[, j])
  Sys.sleep(0.5)
  c(Sys.getpid(), total)
}
seen <- memLapply(1:16, touch, NAMESPACE = "pss", VARS = "x", MAX.CORES = workers, CONTROL = memControl(chunk = 1))
pids <- unique(vapply(seen, `[[`, 0, 1))
stopifnot(all(vapply(seen, `[[`, 0, 2) == as.double(rows) * columns))
total <- sum(vapply(c(Sys.getpid(), pids), pss, 0))
size <- as.double(rows) * columns * 8 / 2^20
limit <- 1.05 * size + 60 * (workers + 1)
cat(sprintf("%.0f MiB of data, %d workers: PSS of all processes %.0f MiB, limit %.0f MiB\n", size, length(pids), total, limit))
stopifnot(length(pids) == workers, total < limit)
releaseVariables("pss", "x")
