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
#'   `as.data.frame()` gives `runs`, or what its argument `what` names.
#' @seealso [memLastRun()] for a run that is over, [memWhy()] for memory that is in use.
#' @examples
#' memTop(once = TRUE)
#' f <- function(i) {
#'   Sys.sleep(0.05)
#'   i^2
#' }
#' handle <- memRun(squares = memLapply(1:20, f, MAX.CORES = 2, CONTROL = memControl(lazy = TRUE)), wait = FALSE)
#' top <- memTop(once = TRUE)
#' top
#' as.data.frame(top, what = "workers")
#' invisible(collect(handle))
#' @export
memTop <- function(once = !interactive(), interval = 1) {
  call <- sys.call()
  check_flag(once, "once", call)
  interval <- check_interval(interval, call)
  if (once) return(look_at_runs(call))
  invisible(watch_runs(interval, call))
}

check_interval <- function(interval, call) {
  if (!is.numeric(interval) || length(interval) != 1L || is.na(interval) || interval < 0.1) {
    abort_input(sprintf("interval must be a number of seconds, 0.1 at least, not %s", describe(interval)), call)
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
  # `parts`: of each row of `stages` the names of its passes, and of those it waits for, one by one.
  structure(c(list(at = Sys.time()), tables), class = "memshare_top", parts = found$parts)
}

# Draws again and again; gives the last look.
watch_runs <- function(interval, call) {
  top <- look_at_runs(call)
  tryCatch(
    repeat {
      clear_console()
      cat(format(top), "Ctrl-C leaves", sep = "\n")
      Sys.sleep(interval)
      top <- look_at_runs(call)
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
format.memshare_top <- function(x, ...) {
  if (!nrow(x$runs)) return("No run goes on.")
  unlist(lapply(seq_len(nrow(x$runs)), function(i) {
    mine <- function(table) table[table$run == i, , drop = FALSE]
    c(if (i > 1) "", top_head(x$runs[i, ]), top_stages(mine(x$stages)), top_workers(mine(x$workers)))
  }))
}

top_head <- function(run) {
  rate <- if (is.na(run$rate)) "no rate yet" else format_rate(run$rate)
  left <- if (!is.na(run$left)) sprintf(", %s left", format_duration(run$left))
  part <- if (run$elements > 0) run$done / run$elements else 1
  c(
    sprintf("%s: %s for %s, pid %d (%s)", run$title, run$state, format_duration(run$seconds), run$pid, run$command),
    sprintf(
      "  [%s] %.0f %%, %s of %s, %s%s; live %s, peak %s", top_bar(part), floor(100 * part), format_count(run$done),
      count_of(run$elements, "element"), rate, if (is.null(left)) "" else left, format_bytes(run$live_bytes), format_bytes(run$peak_bytes)
    )
  )
}

top_bar <- function(part, cells = 20L) {
  full <- min(floor(part * cells), cells)
  paste0(strrep("#", full), strrep(".", cells - full))
}

top_stages <- function(stages) {
  state <- ifelse(is.na(stages$waits_for), stages$state, paste("waiting for", stages$waits_for))
  in_columns(list(passes = stages$passes, done = format_count(stages$done), elements = format_count(stages$elements), state = state), 2:3)
}

top_workers <- function(workers) {
  there <- workers[!is.na(workers$pid), , drop = FALSE]
  empty <- nrow(workers) - nrow(there)
  known <- function(values, say) ifelse(is.na(values), "", vapply(values, function(value) if (is.na(value)) "" else say(value), ""))
  columns <- list(
    worker = format(there$worker), pid = format(there$pid), state = there$state, `for` = known(there$seconds, format_duration),
    busy = known(there$busy, function(part) sprintf("%.0f %%", 100 * part)), at = vapply(seq_len(nrow(there)), function(i) top_at(there[i, ]), "")
  )
  c(if (nrow(there)) in_columns(columns, c(1, 2, 4, 5)), if (empty) sprintf("  %s without a worker", count_of(empty, "place")))
}

# "z, element 17 of 15-18, attempt 2"; between elements "elements 15-18 of mu + sd".
top_at <- function(worker) {
  if (is.na(worker$first)) return("")
  one <- worker$first == worker$last
  range <- sprintf("%s-%s", format_count(worker$first), format_count(worker$last))
  place <- if (is.na(worker$pass)) {
    sprintf("%s of %s", if (one) paste("element", format_count(worker$first)) else paste("elements", range), worker$passes)
  } else {
    paste0(worker$pass, ", element ", format_count(worker$element), if (!one) paste(" of", range))
  }
  if (worker$attempt > 1) paste0(place, ", attempt ", worker$attempt) else place
}

#' @export
print.memshare_top <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

#' @export
as.data.frame.memshare_top <- function(x, row.names = NULL, optional = FALSE, ..., what = c("runs", "stages", "workers")) {
  x[[match.arg(what)]]
}
