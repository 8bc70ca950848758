# What a warm call costs, counted and not timed: system calls of the session and its workers, objects and blocks of memory that R makes in the session,
# and page faults of workers. A bound is a quarter above what was counted when it was set: who raises one says why.
library(memshare)

code <- c(
  "library(memshare)",
  "call <- function() memLapply(1:2, function(i) i, MAX.CORES = 2)",
  "for (i in 1:100) call()",
  "invisible(file.exists('/begin'))",
  "for (i in 1:50) call()",
  "invisible(file.exists('/end'))"
)
script <- tempfile(fileext = ".R")
writeLines(code, script)

# Lines of strace between the marks, by call.
counted <- function() {
  out <- tempfile()
  rscript <- file.path(R.home("bin"), "Rscript")
  status <- suppressWarnings(system2("strace", c("-f", "-qq", "-o", out, rscript, "--vanilla", script), stdout = FALSE, stderr = FALSE))
  if (status != 0) return(NULL)
  lines <- readLines(out, warn = FALSE)
  at <- c(grep("\"/begin\"", lines)[[1L]], grep("\"/end\"", lines)[[1L]])
  between <- lines[at[[1L]]:at[[2L]]]
  # A call that was interrupted by another process's has a second line.
  between <- between[!grepl("resumed>", between, fixed = TRUE)]
  sort(table(sub("^[0-9]+ +([a-z_0-9]+)\\(.*", "\\1", between)), decreasing = TRUE) / 50
}

# Blocks that R takes from the system or in one piece, in 200 calls.
blocks <- function() {
  file <- tempfile()
  call <- function() memLapply(1:2, function(i) i, MAX.CORES = 2)
  for (i in 1:100) call()
  gc()
  Rprofmem(file)
  for (i in 1:200) call()
  Rprofmem(NULL)
  length(readLines(file)) / 200
}

# Objects that R makes in the session, of any size: each costs some 0.1 us, for its memory is in no cache. `call` must make so few that R does not collect.
objects <- function(call) {
  for (i in 1:100) call()
  before <- gc(reset = TRUE)[1L, "used"]
  for (i in 1:50) call()
  (gc()[1L, "max used"] - before) / 50
}

# Page faults of a worker in 100 values of 800 kB, whose memory is that of 19,600 pages.
faults <- function() {
  one <- function() {
    count <- function() as.numeric(strsplit(sub(".*[)] ", "", readLines("/proc/self/stat")), " ")[[1L]][[8L]])
    before <- count()
    for (i in 1:100) rep(i + 0.5, 1e5)
    count() - before
  }
  for (k in 1:5) counts <- unlist(memLapply(1:2, function(i, one) one(), one = one, MAX.CORES = 1))
  max(counts)
}

calls <- counted()
if (is.null(calls)) {
  cat("system calls: skipped, strace cannot trace here\n")
} else {
  cat(sprintf("system calls of a warm call: %.0f (%s)\n", sum(calls), paste(utils::head(names(calls), 8L), round(utils::head(calls, 8L)), collapse = ", ")))
  stopifnot(sum(calls) < 245)
}
if (capabilities("profmem")) {
  taken <- blocks()
  cat(sprintf("blocks of memory of a warm call: %.0f\n", taken))
  stopifnot(taken < 22)
}
elements <- list(1, 2)
plan <- memPlan(memLapply(elements, function(i) i, MAX.CORES = 2, CONTROL = memControl(lazy = TRUE)))
registerVariables("warm", list(x = 1:1e4))
most <- c(memLapply = 3800, memRun = 1450, retrieveViews = 230)
made <- c(
  memLapply = objects(function() memLapply(elements, function(i) i, MAX.CORES = 2)), memRun = objects(function() memRun(plan)),
  retrieveViews = objects(function() retrieveViews("warm", "x"))
)
cat("objects of R:", paste(names(made), round(made), collapse = ", "), "\n")
stopifnot(made < most)
taken <- faults()
cat(sprintf("page faults of a worker that makes 100 values of 800 kB again: %.0f\n", taken))
stopifnot(taken < 2000)
