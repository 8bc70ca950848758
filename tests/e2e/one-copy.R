# One copy: the proportional memory (PSS) of the session and four workers that touch all of a registered 200 MB matrix grows by
# the matrix once. With ONE_COPY_MB=1000 it is the test at 1 GB.
library(memshare)
if (!file.exists("/proc/self/smaps_rollup")) {
  cat("skipped: no smaps_rollup here\n")
  quit("no")
}
megabytes <- as.numeric(Sys.getenv("ONE_COPY_MB", "200"))
workers <- 4L

# In MiB: all, and the part of it in shared memory.
pss <- function() {
  lines <- readLines("/proc/self/smaps_rollup")
  field <- function(name) {
    line <- grep(paste0("^", name, ":"), lines, value = TRUE)
    as.numeric(sub("^[A-Za-z_]+:\\s+([0-9]+) kB$", "\\1", line)) / 1024
  }
  c(all = field("Pss"), shared = field("Pss_Shmem"))
}
columns <- 1000L
rows <- as.integer(megabytes * 1e6 / 8 / columns)
x <- matrix(1, rows, columns)
registerVariables("one-copy", list(x = x))
rm(x)
invisible(gc())
session <- pss()

# Each worker reads the whole matrix and then a few columns, and measures itself when all four have.
touch <- function(v, x, directory, workers) {
  total <- sum(x)
  for (j in 1:20) total <- total - sum(x[, j])
  file.create(file.path(directory, Sys.getpid()))
  while (length(list.files(directory)) < workers) Sys.sleep(0.01)
  c(pid = Sys.getpid(), total = total, pss())
}
environment(touch) <- list2env(list(pss = pss), parent = globalenv())
directory <- tempfile()
dir.create(directory)
seen <- memLapply(
  seq_len(workers), touch, NAMESPACE = "one-copy", VARS = "x", MAX.CORES = workers, directory = directory, workers = workers,
  CONTROL = memControl(chunk = 1, simplify = TRUE)
)
size <- as.double(rows) * columns * 8 / 2^20
total <- session[["all"]] + sum(seen["all", ])
limit <- 1.05 * size + 60 * (workers + 1)
cat(sprintf(
  "%.0f MiB of data, %d workers: PSS of all processes %.0f MiB (of it shared %.0f), limit %.0f MiB\n",
  size, length(unique(seen["pid", ])), total, sum(seen["shared", ]), limit
))
stopifnot(
  length(unique(seen["pid", ])) == workers, all(seen["total", ] == as.double(rows) * (columns - 20)),
  sum(seen["shared", ]) > 0.95 * size, total < limit
)
releaseVariables("one-copy", "x")
