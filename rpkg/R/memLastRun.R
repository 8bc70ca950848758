# What the last run of this session did.

#' What the last call did
#'
#' @param x,object What `memLastRun()` gave.
#' @param what `"trace"` or `"activities"`.
#' @param ... Not used.
#' @return `memLastRun()` gives a list of class `memshare_run`, or `NULL` before the first call of [memApply()], [memLapply()] or
#'   [memRun()]: `elements`, `passes`, `chunks`, `workers`, `bytes_shared`, `peak` (the most bytes of shared memory at a time),
#'   `retries`, `seconds`, `activities` (the seconds that each worker spent on what, a matrix), `misled` (passes whose elements did not
#'   cost what was expected, so that what was left of them was cut anew), `died` (a data frame, a row for each worker that died: `worker`,
#'   `pid`, `how`, and `log`, the last lines of its log), `run` (its number, for [memLog()]), and `trace`.
#'
#'   `summary()` shows what the workers did with their time, with the share of each activity: `wait` (nothing was there to be claimed),
#'   `map` (opening data, making FUN ready), `run` (FUN), `serialize` (writing results), `collect garbage` (R's, while FUN ran) and `idle`
#'   (not in the run: not yet started, or done). They add up to the run's time for each worker. `as.data.frame()` gives them with
#'   `what = "activities"`.
#'
#'   `as.data.frame()` gives the trace, when one was kept (`memControl(trace = TRUE)` in any pass): a row for each chunk and pass,
#'   with `pass`, `start` and `end` (its elements), `worker`, `attempt`, `state`, `started` and `ended` (seconds after the run began)
#'   and `busy` (seconds that FUN took).
#' @examples
#' memLapply(1:4, function(i) i^2, MAX.CORES = 1)
#' memLastRun()
#' summary(memLastRun())
#'
#' memLapply(1:4, function(i) i^2, MAX.CORES = 1, CONTROL = memControl(trace = TRUE))
#' as.data.frame(memLastRun())
#' @export
memLastRun <- function() {
  if (is.null(state$last_run)) return(NULL)
  structure(c(state$last_run, list(trace = state$last_trace)), class = "memshare_run")
}

# What is remembered of a run. `about` tells memProfile() what the passes of the spec are.
record_of <- function(program, stats, call) {
  labels <- vapply(program$spec$passes, `[[`, "", "name")
  about <- list(labels = labels, owner = program$owner, what = program$what, names = lapply(program$order, `[[`, "names"))
  stats$misled <- labels[stats$misled]
  stats$died <- deaths_of(stats$died)
  # The user's, without those that bring results together.
  stats$passes <- length(program$order)
  c(list(call = call[[1L]], elements = program$elements), stats, list(about = about))
}

# The trace as a data frame, with the passes' labels; NULL without one.
trace_of <- function(program, trace) {
  if (is.null(trace)) return(NULL)
  trace$pass <- vapply(program$spec$passes, `[[`, "", "name")[trace$pass]
  as.data.frame(trace, stringsAsFactors = FALSE)
}

#' @rdname memLastRun
#' @export
as.data.frame.memshare_run <- function(x, ..., what = "trace") {
  if (check_choice(what, c("trace", "activities"), "what", NULL) == "activities") {
    return(data.frame(worker = seq_len(nrow(x$activities)), x$activities, check.names = FALSE))
  }
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
  paste0(
    text, if (!is.null(x$peak)) sprintf(", peak %s", format_bytes(x$peak)),
    if (sum(x$activities) > 0) sprintf(", workers busy %.0f %% of the time", 100 * busy_share(x)),
    if (length(x$died$how)) sprintf("; %s died: %s", count_of(nrow(x$died), "worker"), paste(unique(x$died$how), collapse = ", ")),
    if (length(x$misled)) {
      sprintf("; %s did not cost what was expected, and what was left was cut anew", paste0("'", x$misled, "'", collapse = ", "))
    }
  )
}

# The part of the workers' time in which they did something for the run.
busy_share <- function(run) sum(run$activities[, c("map", "run", "serialize", "collect garbage")]) / sum(run$activities)

#' @rdname memLastRun
#' @export
summary.memshare_run <- function(object, ...) {
  seconds <- object$activities
  shares <- seconds / max(object$seconds, .Machine$double.eps)
  structure(list(text = format(object), seconds = seconds, shares = shares, wall = object$seconds), class = "memshare_run_summary")
}

#' @export
format.memshare_run_summary <- function(x, ...) {
  if (!length(x$seconds)) return(x$text)
  rows <- rbind(x$seconds, colSums(x$seconds))
  shares <- rbind(x$shares, colSums(x$shares) / nrow(x$shares))
  cells <- matrix(sprintf("%s (%.0f %%)", format_seconds(rows), 100 * shares), nrow(rows))
  cells <- cbind(cells, format_seconds(rowSums(rows)))
  cells <- rbind(c(colnames(x$seconds), "in all"), cells)
  cells <- cbind(c("", paste("worker", seq_len(nrow(x$seconds))), "in all"), cells)
  cells <- apply(cells, 2L, function(column) formatC(column, width = max(nchar(column))))
  c(x$text, apply(cells, 1L, paste, collapse = "  "))
}

#' @export
print.memshare_run_summary <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

#' @export
print.memshare_run <- function(x, ...) {
  cat(format(x), "\n", sep = "")
  invisible(x)
}
