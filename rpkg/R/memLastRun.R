# What a run did: the last of this session, or one that was saved. Its tables are in run-tables.R.

#' What the last call did
#'
#' @param x,object What `memLastRun()` gave.
#' @param what The table: `"trace"`, a row for each chunk and pass; `"chunks"`, a row a chunk; `"activities"`, a row a worker; `"passes"`,
#'   `"tasks"`, `"resources"`, `"workers"`, `"events"`, `"memory"` or `"hosts"`.
#' @param ... Not used.
#' @return `memLastRun()` gives a list of class `memshare_run`, or `NULL` before the first call of [memApply()], [memLapply()] or
#'   [memRun()]: `title`, `elements`, `passes`, `chunks`, `workers`, `bytes_shared`, `peak` (the most bytes of shared memory at a time),
#'   `retries`, `deaths`, `seconds`, `ended` (`"done"`, `"failed"`, `"worker_died"`, `"element_timeout"`, `"cancelled"`, `"timeout"` or `"no_workers"`),
#'   `advice`, `activities` (the seconds that each worker spent on what, a matrix), `misled` (passes whose elements did not
#'   cost what was expected, so that what was left of them was cut anew), `died` (a data frame, a row for each worker that died: `worker`,
#'   `pid`, `how`, and `log`, the lines of its log that tell most), `hosts` (how many, of a `CLUSTER` over several; else 0), `sent` and `received`
#'   (bytes to and from them), `run` (its number, for [memLog()]), and `record`, all that is known of the run, which [memSave()] writes to a file.
#'
#'   `summary()` shows what the workers did with their time, in the parts of which [explain()] tells too: FUN; calls (what comes with each
#'   call of FUN: cutting the element, calling); R's garbage collection while FUN ran; writing results; making FUN ready and opening data;
#'   loading packages, by the worker or, for all workers, by the process that forks them; waiting (nothing was there to be claimed); and
#'   not there (not yet started, or done). They add up to the run's time for each worker. `as.data.frame()` gives them with
#'   `what = "activities"`, as `run`, `call`, `collect garbage`, `serialize`, `map`, `load packages`, `wait` and `idle`. What FUN itself
#'   loads is taken to be what the element took beyond the others.
#'
#'   `as.data.frame()` gives the trace, unless a pass said `memControl(trace = FALSE)`: a row for each chunk and pass,
#'   with `pass`, `start` and `end` (its elements), `worker`, `attempt`, `state`, `started` and `ended` (seconds after the run began)
#'   and `busy` (seconds that FUN took). The other tables are as [explain()] has them: the passes' figures, the tasks and resources with
#'   when they lived, who worked from when to when, what the supervisor saw, and the bytes of the run's own memory from each moment on.
#'
#'   Of a call with a `CLUSTER` over several hosts, the workers are those of all hosts, and times are on this session's clock. There is no
#'   `"memory"`, for each host has its own; `peak` is that of the host that held most. `"hosts"` has a row for each host: `host` (its leader), `workers`, `elements` (that it
#'   handed in), `fun` (seconds), `utilisation`, `peak` (bytes that the pages of its elements held at most), `sent` and `received` (bytes), `joined` and `left` (seconds), and
#'   `lost`, why it was lost.
#' @seealso [explain()], [memStory()], [memSave()]
#' @examples
#' memLapply(1:4, function(i) i^2, MAX.CORES = 1)
#' memLastRun()
#' summary(memLastRun())
#' as.data.frame(memLastRun())
#' @export
memLastRun <- function() {
  last <- state$last_run
  if (is.null(last)) return(NULL)
  if (is.null(last$record)) {
    brief <- last$brief
    about <- about_of(brief, vapply(brief$passes, brief_line, ""), title_of(brief$verb, brief$wanted))
    state$last_run$record <- last$record <- native(ms_record_of_run(last$run, about))
  }
  run <- run_from(last$record, document_of(structure(list(record = last$record), class = "memshare_run"), chunks = FALSE))
  run$run <- last$run
  run$about <- last$brief[c("labels", "owner", "what", "names")]
  run
}

# Remembers a run, with little ado: it becomes a record when somebody asks.
remember_run <- function(program, out) {
  brief <- program$brief
  brief$repeated <- repeated_names(program, out$values)
  state$last_run <- list(run = out$stats$run, brief = brief)
}

# For each pass of the spec the bytes of the names that each of its results carries, where they are the same; by the first two and the
# last of many.
repeated_names <- function(program, values) {
  repeated <- numeric(length(program$owner))
  for (entry in program$wanted) {
    results <- if (!is.null(entry$result) && length(values)) values[[entry$result]]$values
    n <- length(results)
    if (n < 100L || typeof(results) != "list") next
    names <- names(results[[1L]])
    if (is.null(names) || !identical(names, names(results[[2L]])) || !identical(names, names(results[[n]]))) next
    pass <- program$spec$gather[[entry$result]]
    repeated[[pass]] <- sum(nchar(names, "bytes") + 8)
  }
  repeated
}

# What workers spend their time on: the fields of a document's activities, by what they are called for people.
spent_on <- c(
  FUN = "run", calls = "call", garbage = "collect", results = "serialize", "making ready" = "map", "loading packages" = "load",
  waiting = "wait", "not there" = "idle"
)

# A run from its record. `document` may be without chunks.
run_from <- function(record, document) {
  figures <- document$run$figures
  activities <- do.call(rbind, c(list(matrix(0, 0, length(spent_on))), lapply(document$run$activities, function(of) unlist(of[spent_on]))))
  dimnames(activities) <- list(NULL, sub("collect", "collect garbage", sub("load", "load packages", spent_on)))
  misled <- vapply(document$passes, function(pass) pass$figures$misled, NA)
  structure(
    list(
      title = document$title, elements = whole(figures$elements), passes = figures$passes, chunks = figures$chunks,
      workers = length(unique(field_of(document$run$workers, "worker", 0))), bytes_shared = figures$shared_bytes, retries = figures$retries,
      deaths = figures$deaths, seconds = figures$seconds, ended = document$run$ended$kind, advice = as.character(unlist(document$advice)),
      peak = figures$peak_bytes, misled = vapply(document$passes[misled], `[[`, "", "name"), activities = activities,
      died = deaths_of(document$run$workers), hosts = length(document$run$hosts), sent = figures$sent_bytes, received = figures$received_bytes,
      record = record
    ),
    class = "memshare_run"
  )
}

# A count as R has them, while it fits.
whole <- function(x) if (x > .Machine$integer.max) x else as.integer(x)

# A row for each chunk and pass. In a stage of several passes each has its own times; else the chunk's are the pass's.
trace_from <- function(document) {
  chunks <- document$run$chunks
  steps <- document$run$steps
  passes <- lapply(document$stages, `[[`, "passes")
  counts <- lengths(passes)[chunks$stage + 1]
  at <- rep(seq_along(counts), counts)
  pass <- unlist(passes[chunks$stage + 1])
  trace <- data.frame(
    pass = vapply(document$passes, `[[`, "", "name")[pass + 1], start = chunks$first[at], end = chunks$last[at], worker = chunks$worker[at],
    attempt = chunks$attempt[at], state = chunks$state[at], started = chunks$started[at], ended = chunks$ended[at], busy = chunks$fun[at],
    stringsAsFactors = FALSE
  )
  own <- match(paste(steps$chunk, steps$pass), paste(at - 1, pass))
  trace[own, c("started", "ended", "busy")] <- list(steps$started, steps$ended, steps$fun)
  trace
}

#' @rdname memLastRun
#' @export
as.data.frame.memshare_run <- function(x, ..., what = c(
    "trace", "chunks", "activities", "passes", "tasks", "resources", "workers", "events", "memory", "hosts"
  )) {
  what <- check_choice(what[[1L]], eval(formals(as.data.frame.memshare_run)$what), "what", NULL)
  if (what == "activities") return(data.frame(worker = seq_len(nrow(x$activities)), x$activities, check.names = FALSE))
  document <- document_of(x, chunks = what %in% c("trace", "chunks", "memory"))
  table <- switch(what,
    trace = trace_from(document), chunks = chunks_table(document), passes = passes_table(document), tasks = lived_tasks(document),
    resources = lived_resources(document), workers = workers_table(document), events = events_table(document),
    memory = memory_table(document), hosts = hosts_table(document)
  )
  if (what %in% c("trace", "chunks") && !nrow(table) && x$chunks > 0) {
    abort_input("this run kept no trace, for a pass said memControl(trace = FALSE): run it again without that")
  }
  table
}

#' @rdname memLastRun
#' @export
format.memshare_run <- function(x, ...) {
  c(
    sprintf("<run> of %s: %s", short_text(x$title, 60L), ended_as(x)),
    sprintf(
      "%s in %s of %s, by %s", count_of(x$elements, "element"), count_of(x$chunks, "chunk"), count_of(x$passes, "pass", "passes"),
      count_of(x$workers, "worker")
    ),
    paste0(
      if (sum(x$activities) > 0) sprintf("workers busy %.0f %% of the time; ", 100 * busy_share(x)),
      sprintf("%s shared", format_bytes(x$bytes_shared)), if (!is.null(x$peak)) sprintf(", peak %s", format_bytes(x$peak))
    ),
    if (isTRUE(x$hosts > 0L)) {
      sprintf("on %s: %s sent, %s received", count_of(x$hosts, "host"), format_bytes(x$sent), format_bytes(x$received))
    },
    if (x$deaths > 0 || x$retries > 0) {
      how <- shorten(unique(short_text(x$died$how, 60L)), 3L)
      sprintf("%s died%s; %s run again", count_of(x$deaths, "worker"), if (nzchar(how)) paste(":", how) else "",
          count_of(x$retries, "chunk"))
    },
    if (length(x$misled)) {
      sprintf("%s did not cost what was expected, and what was left was cut anew", shorten(paste0("'", x$misled, "'")))
    }
  )
}

# "done in 1.2 s", "failed after 34 ms".
ended_as <- function(run) {
  time <- format_seconds(run$seconds)
  switch(run$ended,
    done = paste("done in", time), failed = paste("FUN failed after", time), worker_died = paste("given up after", time),
    cancelled = paste("cancelled after", time), timeout = paste("out of time after", time),
    no_workers = paste("no workers left after", time),
    paste(run$ended, "after", time)
  )
}

# The part of the workers' time in which they did something for the run.
busy_share <- function(run) sum(run$activities[, c("map", "run", "call", "serialize", "collect garbage")]) / sum(run$activities)

#' @rdname memLastRun
#' @export
summary.memshare_run <- function(object, ...) {
  seconds <- object$activities
  shares <- seconds / max(object$seconds, .Machine$double.eps)
  structure(
    list(text = format(object), seconds = seconds, shares = shares, wall = object$seconds, advice = object$advice),
    class = "memshare_run_summary"
  )
}

#' @export
format.memshare_run_summary <- function(x, ...) c(x$text, activity_lines(x), if (length(x$advice)) paste("advice:", x$advice))

# What the workers did with their time, a line each; of many those that did least and most for the run.
activity_lines <- function(x) {
  if (!length(x$seconds)) return(NULL)
  shown <- seq_len(nrow(x$seconds))
  if (length(shown) > 24L) shown <- shown[c(1:12, length(shown) - 11:0)]
  rows <- rbind(x$seconds[shown, , drop = FALSE], colSums(x$seconds))
  shares <- rbind(x$shares[shown, , drop = FALSE], colSums(x$shares) / nrow(x$shares))
  cells <- matrix(paste0(format_seconds(rows), ifelse(shares >= 0.0005, sprintf(" (%s)", percent(shares)), "")), nrow(rows))
  taken <- which(colSums(x$seconds) > 0)
  columns <- c(list(c(paste("worker", shown), "in all")), lapply(taken, function(i) cells[, i]), list(format_seconds(rowSums(rows))))
  lines <- in_columns(stats::setNames(columns, c("", names(spent_on)[taken], "in all")), seq_along(columns)[-1L], indent = "")
  left <- nrow(x$seconds) - length(shown)
  if (!left) return(lines)
  append(lines, sprintf("and %d more workers", left), 13L)
}

#' @export
print.memshare_run_summary <- function(x, ...) print_lines(x)

#' @rdname memLastRun
#' @export
print.memshare_run <- function(x, ...) print_lines(x)
