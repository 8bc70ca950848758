# What the last run of this session did.

#' What the last call did
#'
#' @param x What `memLastRun()` gave.
#' @param ... Not used.
#' @return `memLastRun()` gives a list of class `memshare_run`, or `NULL` before the first call of [memApply()], [memLapply()] or
#'   [memRun()]: `elements`, `passes`, `chunks`, `workers`, `bytes_shared`, `peak` (the most bytes of shared memory at a time),
#'   `retries`, `seconds`, and `trace`.
#'
#'   `as.data.frame()` gives the trace, when one was kept (`memControl(trace = TRUE)` in any pass): a row for each chunk and pass,
#'   with `pass`, `start` and `end` (its elements), `worker`, `attempt`, `state`, `started` and `ended` (seconds after the run began)
#'   and `busy` (seconds that FUN took).
#' @examples
#' memLapply(1:4, function(i) i^2, MAX.CORES = 1)
#' memLastRun()
#'
#' memLapply(1:4, function(i) i^2, MAX.CORES = 1, CONTROL = memControl(trace = TRUE))
#' as.data.frame(memLastRun())
#' @export
memLastRun <- function() {
  if (is.null(state$last_run)) return(NULL)
  structure(c(state$last_run, list(trace = state$last_trace)), class = "memshare_run")
}

# The trace as a data frame, with the passes' labels; NULL without one.
trace_of <- function(program, trace) {
  if (is.null(trace)) return(NULL)
  trace$pass <- vapply(program$spec$passes, `[[`, "", "name")[trace$pass]
  as.data.frame(trace, stringsAsFactors = FALSE)
}

#' @rdname memLastRun
#' @export
as.data.frame.memshare_run <- function(x, ...) {
  if (is.null(x$trace)) abort_input("the last run kept no trace; ask for one with memControl(trace = TRUE)")
  x$trace
}

#' @export
format.memshare_run <- function(x, ...) {
  text <- sprintf(
    "%s: %s in %s of %s by %s, %s shared, %s, %.3f s", deparse1(x$call), count_of(x$elements, "element"), count_of(x$chunks, "chunk"),
    count_of(x$passes, "pass", "passes"), count_of(x$workers, "worker"), format_bytes(x$bytes_shared),
    count_of(x$retries, "retry", "retries"), x$seconds
  )
  if (is.null(x$peak)) text else sprintf("%s, peak %s", text, format_bytes(x$peak))
}

#' @export
print.memshare_run <- function(x, ...) {
  cat(format(x), "\n", sep = "")
  invisible(x)
}
