# What the session and its workers logged.

#' Read the logs
#'
#' `memLog()` shows what FUN printed on the workers, what R or C code said there when a worker died, and, where logging is on
#' (`options(memshare.log = )`, see [memshare-options]), what memshare did. Each line knows the run and the worker that it is of.
#'
#' The logs lie in the session's temporary directory, or in `options(memshare.dir = )` where that has no room, and go with the session. Of workers
#' that ended, the last 32 logs are kept. A log that grew long begins anew: a worker's with its next run when it has 16 MB, the session's when it has
#' 32 MB, of which the last but one is kept.
#'
#' When an element kills its worker, the error (class `memshare_error_worker_died`) has the last lines of that worker's log in the field
#' `log`; `memLastRun()$died` has those of deaths that were survived too.
#'
#' @param run `NULL` for all, or the numbers of runs, as `memLastRun()$run` gives the last one's.
#' @param worker `NULL` for all, or workers' places in their runs, from 1 on.
#' @param n The most lines that are given: the last.
#' @param x What `memLog()` gave.
#' @param ... Not used.
#' @return A data frame of class `memshare_log`, a row a line, by time: `time` (`POSIXct`; of a line without a time that of the line
#'   before it, or of the worker's begin), `run`, `log` (`"session"`, `"worker-3"`, `"fork-server"`), `worker`, `pid`, `level` (`NA` of
#'   what FUN or R printed), and `text`.
#' @seealso [memshare-options], [memLastRun()]
#' @examples
#' old <- options(memshare.log = "info")
#' invisible(memLapply(1:2, function(i) print(i), MAX.CORES = 1))
#' memLog()
#' memLog(run = memLastRun()$run, worker = 1)$text
#' options(old)
#' @export
memLog <- function(run = NULL, worker = NULL, n = 50) {
  call <- sys.call()
  run <- check_numbers(run, "run", call)
  worker <- check_numbers(worker, "worker", call)
  n <- count_or_inf(n, "n", 0, call)
  lines <- as.data.frame(native(ms_log_lines(worker_directory()), call), stringsAsFactors = FALSE)
  for (name in c("run", "worker", "pid")) {
    lines[[name]][is.nan(lines[[name]])] <- NA
    lines[[name]] <- as.integer(lines[[name]])
  }
  lines$time <- as.POSIXct(ifelse(is.nan(lines$time), NA_real_, lines$time), origin = "1970-01-01")
  lines$level[!nzchar(lines$level)] <- NA
  if (!is.null(run)) lines <- lines[lines$run %in% run, , drop = FALSE]
  if (!is.null(worker)) lines <- lines[lines$worker %in% worker, , drop = FALSE]
  lines <- utils::tail(lines, min(n, nrow(lines)))
  rownames(lines) <- NULL
  class(lines) <- c("memshare_log", "data.frame")
  lines
}

# NULL, or whole numbers.
check_numbers <- function(value, what, call) {
  if (is.null(value)) return(NULL)
  if (!is.numeric(value) || anyNA(value) || any(value != floor(value))) {
    abort_input(sprintf("%s must be whole numbers, not %s", what, describe(value)), call)
  }
  value
}

#' @rdname memLog
#' @export
format.memshare_log <- function(x, ...) {
  if (!all(c("run", "log", "worker", "text") %in% names(x))) return(format.data.frame(x, ...))
  who <- ifelse(is.na(x$worker), x$log, sprintf("worker %d", x$worker))
  run <- ifelse(is.na(x$run), "", sprintf("run %d", x$run))
  paste(formatC(run, width = -max(nchar(run), 0L)), formatC(who, width = -max(nchar(who), 0L)), x$text, sep = "  ")
}

#' @rdname memLog
#' @export
print.memshare_log <- function(x, ...) {
  if (!nrow(x)) {
    cat("<log>: there are no such lines\n")
  } else {
    # Where columns were taken away it is a table like another.
    if (all(c("run", "log", "worker", "text") %in% names(x))) writeLines(harmless(format(x))) else print(as.data.frame(unclass(x)))
  }
  invisible(x)
}
