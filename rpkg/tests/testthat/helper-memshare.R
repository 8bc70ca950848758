# What several test files use.

# At most two worker processes where a package check says so.
worker_counts <- function() if (nzchar(Sys.getenv("_R_CHECK_LIMIT_CORES_"))) c(1L, 2L) else c(1L, 2L, 3L)

options(memshare.cores = 2L)

# A way of running a call that changes from case to case: worker counts, chunk sizes and schedules are gone through in turn.
next_way <- local({
  count <- 0L
  function() {
    workers <- worker_counts()
    chunks <- list(NULL, 1, 2, 100)
    schedules <- c("auto", "static", "guided", "factoring")
    count <<- count + 1L
    chunk <- chunks[[count %% 4L + 1L]]
    list(
      workers = workers[[count %% length(workers) + 1L]], chunk = chunk,
      schedule = if (is.null(chunk)) schedules[[(count %/% 4L) %% 4L + 1L]] else "fixed"
    )
  }
})

control_of <- function(way, ...) memControl(chunk = way$chunk, schedule = way$schedule, ...)

label_of <- function(way, ...) {
  paste0(paste(..., sep = ", "), " [", way$workers, " workers, chunk ", if (is.null(way$chunk)) "free" else way$chunk, ", ", way$schedule, "]")
}

# The names in /dev/shm that are memshare's.
segments <- function() list.files("/dev/shm", pattern = "^memshare-")

# Registers for one test, and releases when it ends.
local_variables <- function(namespace, variables, frame = parent.frame()) {
  registerVariables(namespace, variables)
  withr_defer(memshare_gc(namespace), frame)
}

# Runs an expression when a frame is left (withr is not needed for just this).
withr_defer <- function(expr, frame) {
  thunk <- as.call(list(function() expr))
  do.call(base::on.exit, list(thunk, TRUE, FALSE), envir = frame)
}

# A new R process that runs this code with this library, and its output.
run_r <- function(code) suppressWarnings(system2(rscript(), c("--vanilla", script(code)), stdout = TRUE, stderr = TRUE))

# The same, without waiting for it.
start_r <- function(code) invisible(system2(rscript(), c("--vanilla", script(code)), stdout = FALSE, stderr = FALSE, wait = FALSE))

rscript <- function() file.path(R.home("bin"), "Rscript")

script <- function(code) {
  file <- tempfile(fileext = ".R")
  libraries <- paste(deparse(.libPaths()), collapse = "")
  writeLines(c(paste0(".libPaths(", libraries, ")"), "library(memshare)", code), file)
  file
}

# The segments that came since `before` and do not go: what others on this machine share for a moment is waited for.
left_over <- function(before) {
  for (look in 1:20) {
    gc(verbose = FALSE)
    left <- setdiff(segments(), before)
    if (!length(left)) break
    Sys.sleep(0.25)
  }
  left
}

# Waits until it holds, up to some seconds.
until <- function(holds, seconds = 10) {
  end <- Sys.time() + seconds
  while (!(held <- holds()) && Sys.time() < end) Sys.sleep(0.02)
  held
}

# Vectors of n items of each type, with what each has of odd ones.
makers <- list(
  double = function(n) c(NA, NaN, Inf, -0.5, seq_len(n))[seq_len(n)],
  integer = function(n) c(NA, seq_len(n))[seq_len(n)],
  logical = function(n) rep_len(c(TRUE, FALSE, NA), n),
  complex = function(n) complex(real = seq_len(n), imaginary = -seq_len(n)),
  raw = function(n) as.raw(seq_len(n) %% 256),
  character = function(n) rep_len(c("a", NA, "", "\u00e9t\u00e9", strrep("long", 200)), n),
  list = function(n) rep_len(list(1, "a", NULL, list(2, 3)), n)
)

# A shell starts what it puts into the background with SIGINT ignored, and R leaves it so.
skip_if_interrupts_are_ignored <- function() {
  mask <- grep("^SigIgn", readLines("/proc/self/status"), value = TRUE)
  skip_if(bitwAnd(strtoi(substring(mask, nchar(mask)), 16L), 2L) > 0L, "SIGINT is ignored")
}
