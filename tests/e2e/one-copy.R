# One copy: the proportional memory (PSS) of a session and all that it starts grows by 200 MiB of registered data once, by at most 12 MiB for each of eight
# workers that have read all of it, and by what the two processes have that fork workers. With ONE_COPY_MB=1000 it is the test at 1 GB.
library(memshare)
if (!file.exists("/proc/self/smaps_rollup")) {
  cat("skipped: no smaps_rollup here\n")
  quit("no")
}
megabytes <- as.numeric(Sys.getenv("ONE_COPY_MB", "200"))
workers <- 8L

processes <- function(pid) {
  tasks <- list.files(sprintf("/proc/%s/task", pid), full.names = TRUE)
  children <- strsplit(unlist(lapply(file.path(tasks, "children"), readLines, warn = FALSE)), " ")
  c(pid, unlist(lapply(unlist(children), processes)))
}
# In MiB: all, and the part of it in shared memory.
pss <- function() {
  lines <- unlist(lapply(sprintf("/proc/%s/smaps_rollup", processes(Sys.getpid())), readLines))
  field <- function(name) sum(as.numeric(sub("^[A-Za-z_]+:\\s+([0-9]+) kB$", "\\1", grep(paste0("^", name, ":"), lines, value = TRUE)))) / 1024
  c(all = field("Pss"), shared = field("Pss_Shmem"))
}

columns <- 1000L
rows <- as.integer(megabytes * 1e6 / 8 / columns)
invisible(gc())
before <- pss()
x <- rep(1, rows * columns)
dim(x) <- c(rows, columns)
registerVariables("one-copy", list(x = x))
rm(x)
invisible(gc())

# Each worker reads all and then a column, and stays until the gate is opened. No loop: R's compiler would need memory of its own.
directory <- tempfile()
dir.create(directory)
gate <- file.path(directory, "gate")
stopifnot(system2("mkfifo", gate) == 0)
touch <- function(i, x, directory, gate) {
  total <- sum(x) - sum(x[, 1])
  file.create(file.path(directory, paste0("read-", i)))
  close(fifo(gate, "r", blocking = TRUE))
  total
}
pass <- memLapply(
  seq_len(workers), touch, NAMESPACE = "one-copy", VARS = "x", MAX.CORES = workers, directory = directory, gate = gate,
  CONTROL = memControl(chunk = 1, lazy = TRUE)
)
run <- memRun(pass, wait = FALSE)
while (length(list.files(directory, "^read-")) < workers) {
  if (resolved(run)) stop(collect(run))
  Sys.sleep(0.01)
}
grown <- pss() - before
opened <- fifo(gate, "w", blocking = TRUE)
totals <- unlist(collect(run))
close(opened)

size <- as.double(rows) * columns * 8 / 2^20
limit <- 1.02 * size + 12 * workers + 30
cat(sprintf(
  "%.0f MiB of data, %d workers: PSS of all processes grew by %.0f MiB (of it shared %.0f), limit %.0f MiB\n", size, workers, grown[["all"]], grown[["shared"]], limit
))
stopifnot(identical(totals, rep(as.double(rows) * (columns - 1), workers)), grown[["shared"]] > 0.95 * size, grown[["all"]] < limit)
releaseVariables("one-copy", "x")
