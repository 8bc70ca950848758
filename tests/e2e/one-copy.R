# One copy: the proportional memory (PSS) of a session and all that it starts grows by 200 MiB of registered data once, by at most 12 MiB for each of eight
# workers that have read all of it, and by what the two processes have that fork workers. Less than 8 MiB are a worker's alone: the rest it has of what it was
# forked from. With ONE_COPY_MB=1000 it is the test at 1 GB.
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
# In MiB, of each process.
memory <- function(pids, name) {
  lines <- unlist(lapply(sprintf("/proc/%s/smaps_rollup", pids), readLines))
  as.numeric(sub("^[A-Za-z_]+:\\s+([0-9]+) kB$", "\\1", grep(paste0("^", name, ":"), lines, value = TRUE))) / 1024
}
# All of it, and the part in shared memory.
pss <- function() vapply(c(all = "Pss", shared = "Pss_Shmem"), function(name) sum(memory(processes(Sys.getpid()), name)), 0)

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
  file.create(file.path(directory, Sys.getpid()))
  close(fifo(gate, "r", blocking = TRUE))
  total
}
pass <- memLapply(
  seq_len(workers), touch, NAMESPACE = "one-copy", VARS = "x", MAX.CORES = workers, directory = directory, gate = gate,
  CONTROL = memControl(chunk = 1, lazy = TRUE)
)
run <- memRun(pass, wait = FALSE)
while (length(pids <- list.files(directory, "^[0-9]+$")) < workers) {
  if (resolved(run)) stop(collect(run))
  Sys.sleep(0.01)
}
grown <- pss() - before
own <- memory(pids, "Private_Dirty")
opened <- fifo(gate, "w", blocking = TRUE)
totals <- unlist(collect(run))
close(opened)

size <- as.double(rows) * columns * 8 / 2^20
limit <- 1.02 * size + 12 * workers + 100
cat(sprintf(
  "%.0f MiB of data, %d workers: PSS of all processes grew by %.0f MiB (of it shared %.0f), limit %.0f MiB; of a worker's alone %.1f MiB\n", size, workers, grown[["all"]],
  grown[["shared"]], limit, max(own)
))
stopifnot(identical(totals, rep(as.double(rows) * (columns - 1), workers)), grown[["shared"]] > 0.95 * size, grown[["all"]] < limit, own < 8)
releaseVariables("one-copy", "x")
