# Prints by how many MB the memory (PSS) of a session and all that it starts grows by 1.6 GB of data and 8 workers that have read all of it.
# Rscript bench/memory.R registered|mclapply
processes <- function(pid) {
  tasks <- list.files(sprintf("/proc/%s/task", pid), full.names = TRUE)
  c(pid, unlist(lapply(unlist(strsplit(unlist(lapply(file.path(tasks, "children"), readLines, warn = FALSE)), " ")), processes)))
}
# Of a page that several processes have, each counts its part.
memory <- function() {
  lines <- unlist(lapply(sprintf("/proc/%s/smaps_rollup", processes(Sys.getpid())), readLines))
  sum(as.numeric(sub("^Pss:\\s+([0-9]+) kB$", "\\1", grep("^Pss:", lines, value = TRUE)))) * 1024 / 1e6
}

directory <- tempfile()
dir.create(directory)
gate <- file.path(directory, "gate")
system2("mkfifo", gate)
# Waits in the end until the session opens the gate.
read_all <- function(i, X) {
  total <- sum(X)
  file.create(file.path(directory, paste0("read-", i)))
  close(fifo(gate, "r", blocking = TRUE))
  total
}
have_read <- function() length(list.files(directory, "^read-")) == 8L

library(memshare)
options(memshare.quiet = TRUE)
invisible(gc())
before <- memory()
X <- runif(2e8)
dim(X) <- c(20000L, 10000L)
if (identical(commandArgs(TRUE), "registered")) {
  registerVariables("memory", list(X = X))
  rm(X)
  invisible(gc())
  pass <- memLapply(1:8, read_all, "memory", "X", MAX.CORES = 8, CONTROL = memControl(lazy = TRUE, chunk = 1))
  run <- memRun(pass, wait = FALSE)
} else {
  invisible(gc())
  jobs <- lapply(1:8, function(i) parallel::mcparallel(read_all(i, X)))
}
while (!have_read()) Sys.sleep(0.01)
cat(memory() - before)
opened <- fifo(gate, "w", blocking = TRUE)
totals <- if (exists("run")) collect(run) else parallel::mccollect(jobs)
close(opened)
stopifnot(length(totals) == 8L, length(unique(unlist(totals))) == 1L)
