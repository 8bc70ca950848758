# Looking at runs that go on, in this session or another one.

#' See the runs that go on
#'
#' `memTop()` looks at the calls of memshare that are running now, in all R sessions of this user on this computer: how far each is, how
#' much shared memory it holds, what each of its workers is at. It reads what the runs write down for themselves, so that they are
#' not slowed. As a session waits for its own calls, look from a second one (or, without R, with the program `memshare top`); a run
#' that was begun with `memRun(wait = FALSE)` can be looked at from its own.
#'
#' @param once Look once and return what there is. With `FALSE`, the picture is drawn anew every `interval` seconds, until Ctrl-C (Esc in
#'   some consoles).
#' @param interval Seconds from one look to the next.
#' @param CLUSTER `NULL`, or a cluster of package parallel: the runs on each of its hosts, and not only on this computer. Nodes answer only when no call
#'   is under way with them: look over the nodes of another session's hosts with a cluster of your own.
#' @param host_timeout Whole seconds within which each host must have answered; else that is an error of class `memshare_error_cluster` that names it.
#' @return An object of class `memshare_top`, shown when printed; with `once = FALSE` the last look, invisibly. It has three data frames:
#'   * `runs`, one row a run: `title`, `pid`, `command` and `session` of who called, `state` (`"running"`, or `"stopping"` when it was
#'     interrupted or failed), `seconds` since it began, `done` and `elements` (of all passes), `rate` (elements a second, over all of
#'     the run), `left` (seconds, if the rate stays), `live_bytes` and `peak_bytes` of the run's own shared memory;
#'   * `stages`, one row for each set of passes that run together: `run` (the row of `runs`), `passes`, `done`, `elements`, `state` (`"waiting"`,
#'     `"open"`, `"through"`), `waits_for` (passes, or `"memory"`);
#'   * `workers`: `run`, `worker`, `pid`, `state` (`"running"`, `"asleep"`: nothing is there to do, `"opening"` data, `"writing"` results, or
#'     `"absent"`), `seconds` in that state (of one that runs, since its chunk began), `busy` (the part of its time in which it ran FUN), and
#'     of the chunk that it has `passes`, `first` and `last` element, `attempt`, and the `pass` and `element` that FUN is at.
#'
#'   With a `CLUSTER` on several hosts the tables begin with a column `host`.
#'
#'   `as.data.frame()` gives `runs`, or what its argument `what` names.
#' @seealso [memLastRun()] for a run that is over, [memWhy()] for memory that is in use.
#' @examples
#' memTop(once = TRUE)
#' f <- function(i) {
#'   Sys.sleep(0.05)
#'   i^2
#' }
#' squares <- memLapply(1:20, f, MAX.CORES = 2, CONTROL = memControl(lazy = TRUE))
#' handle <- memRun(squares = squares, wait = FALSE)
#' top <- memTop(once = TRUE)
#' top
#' as.data.frame(top, what = "workers")
#' invisible(collect(handle))
#' @export
memTop <- function(once = !interactive(), interval = 1, CLUSTER = NULL, host_timeout = 30) {
  call <- sys.call()
  check_flag(once, "once", call)
  interval <- check_interval(interval, call)
  hosts <- hosts_given(CLUSTER, host_timeout, call)
  look <- function() if (is.null(hosts)) look_at_runs(call) else look_at_hosts(hosts, host_timeout, call)
  if (once) return(look())
  invisible(watch_runs(interval, look))
}

check_interval <- function(interval, call) {
  if (!is.numeric(interval) || length(interval) != 1L || is.na(interval) || interval < 0.1 || interval > 3600) {
    abort_input(sprintf("interval must be a number of seconds from 0.1 to 3600, not %s", describe(interval)), call)
  }
  interval
}

look_at_runs <- function(call) {
  configure_place()
  found <- native(ms_top(), call)
  tables <- lapply(found[c("runs", "stages", "workers")], function(columns) {
    columns <- lapply(columns, function(column) {
      if (is.numeric(column)) column[is.nan(column)] <- NA
      column
    })
    for (name in intersect(c("run", "worker", "pid", "attempt"), names(columns))) columns[[name]] <- as.integer(columns[[name]])
    as.data.frame(columns, stringsAsFactors = FALSE)
  })
  # `parts`: of each row of `stages` the names of its passes, and of those it waits for, one by one. `lines`: all of it for people.
  structure(c(list(at = Sys.time()), tables), class = "memshare_top", parts = found$parts, lines = found$lines)
}

# The same on several hosts, in one.
look_at_hosts <- function(hosts, seconds, call) {
  looks <- ask_leaders(hosts, "look_at_runs", list(NULL), seconds, call)
  before <- cumsum(c(0L, vapply(looks, function(top) nrow(top$runs), 0L)))
  tables <- lapply(c(runs = "runs", stages = "stages", workers = "workers"), function(what) {
    do.call(rbind, unname(Map(function(top, host, before) {
      table <- top[[what]]
      if (!is.null(table$run)) table$run <- table$run + before
      cbind(host = rep(host, nrow(table)), table, stringsAsFactors = FALSE)
    }, looks, names(looks), before[seq_along(looks)])))
  })
  lines <- unlist(Map(function(top, host) c(paste0(host, ":"), format(top)), looks, names(looks)), use.names = FALSE)
  structure(c(list(at = Sys.time()), tables), class = "memshare_top", parts = do.call(c, unname(lapply(looks, attr, "parts"))), lines = lines)
}

# Draws again and again; gives the last look.
watch_runs <- function(interval, look) {
  top <- look()
  tryCatch(
    repeat {
      clear_console()
      cat_lines(c(format(top), "Ctrl-C leaves"))
      Sys.sleep(interval)
      top <- look()
    },
    interrupt = function(condition) cat("\n")
  )
  top
}

# A new picture in the place of the old one, where the console can do that; else below it.
clear_console <- function() {
  if (nzchar(Sys.getenv("RSTUDIO"))) {
    cat("\f")
  } else if (isatty(stdout()) && !Sys.getenv("TERM") %in% c("", "dumb", "emacs")) {
    cat("\033[H\033[2J")
  } else {
    cat("\n")
  }
}

#' @export
format.memshare_top <- function(x, ...) attr(x, "lines")

#' @export
print.memshare_top <- function(x, ...) {
  cat_lines(format(x))
  invisible(x)
}

#' @export
as.data.frame.memshare_top <- function(x, row.names = NULL, optional = FALSE, ..., what = c("runs", "stages", "workers")) {
  x[[match.arg(what)]]
}
