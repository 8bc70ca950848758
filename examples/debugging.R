# Three calls that are slower, or heavier, than they should be, and what memshare's own tools say of each. The story is told in
# docs/debugging.md; here each step is checked.
library(memshare)
cores <- 2
spin <- function(seconds) {
  end <- proc.time()[["elapsed"]] + seconds
  while (proc.time()[["elapsed"]] < end) NULL
  seconds
}

# Both workers are there before anything is looked at.
invisible(memLapply(1:2, function(i) Sys.sleep(0.5), MAX.CORES = cores, CONTROL = memControl(chunk = 1)))

# 1. A straggler. "It stood at 99 % for ages."
sizes <- stats::setNames(rep(0.002, 400), paste0("gene_", 1:400))
sizes[["gene_391"]] <- 0.8
invisible(memLapply(sizes, spin, MAX.CORES = cores, CONTROL = memControl(profile = FALSE)))
run <- memLastRun()
print(explain(run))
print(memStory(run, "spin[391]"))
stopifnot(any(grepl("gene_391", capture.output(print(explain(run))))))

invisible(memLapply(sizes, spin, MAX.CORES = cores, CONTROL = memControl(cost = sizes)))
print(explain(memLastRun()))
# The straggler began at once, and nobody waited for it at the end.
first <- function(run) with(as.data.frame(run), min(started[start <= 391 & end >= 391]))
stopifnot(first(memLastRun()) < first(run), memLastRun()$seconds < run$seconds)

# 2. A page that stays. "/dev/shm is full, and I released everything."
registerVariables("study", list(X = matrix(rnorm(1e6), 1000)))
fits <- lapply(1:3, function(i) retrieveViews("study", "X")$X)
releaseVariables("study", "X")
print(memWhy("study", "X"))
stopifnot("view" %in% memWhy("study", "X")$reason)
rm(fits)
releaseViews("study", "X")
invisible(gc())
gone <- tryCatch(memWhy("study", "X"), memshare_error_not_allocated = identity)
stopifnot(inherits(gone, "memshare_error_not_allocated"))

# 3. A pass that is bound by overhead. "Two workers, and it is slower than lapply()."
tiny <- function(i) sum(sqrt(seq_len(100 + i %% 7)))
invisible(memLapply(1:200000, tiny, MAX.CORES = cores, CONTROL = memControl(chunk = 1)))
slow <- memLastRun()
print(explain(slow))
stopifnot(any(grepl("chunk", explain(slow)$advice)))
invisible(memLapply(1:200000, tiny, MAX.CORES = cores))
fast <- memLastRun()
print(explain(fast))
stopifnot(fast$chunks < slow$chunks, fast$seconds < slow$seconds)
