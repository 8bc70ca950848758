# memStory(): the life of one thing in a run.

#' The life of one task, resource, chunk, element or worker
#'
#' `memStory()` tells what happened to one thing in a run, in the order of time: what it waited for, when it began, which workers had it,
#' how they died, who tried again, when its memory was given back. Of a plan that has not run it tells what is known.
#'
#' @param run A run of [memLastRun()] or [memLoad()], a plan of [memPlan()], or a file of [memSave()].
#' @param id What the story is of: a pass, or a name in shared memory (`"z"`, `"X"`); a task by its label (`"map z"`, `"share X"`); a chunk
#'   (`"z#17"`, or `"#17"` where there is one stage); an element (`"z[1801]"`, or by name `"z[TP53]"`); a worker (`"worker 2"`).
#' @return A data frame of class `memshare_story` with a row for each thing that happened: `time` (seconds from the run's begin; `NA` of
#'   what is so from the plan on), `what` in words, and `worker`. Its attribute `title` says what it is. An id that nothing has is an error
#'   of class `memshare_error_unknown` with the field `nearest`, the nearest names there are.
#' @seealso [explain()], [memWhy()], [memLastRun()]
#' @examples
#' wait <- function(seconds) Sys.sleep(seconds)
#' invisible(memLapply(c(a = 0.01, b = 0.05, c = 0.01), wait, MAX.CORES = 2))
#' run <- memLastRun()
#' memStory(run, "wait")
#' memStory(run, "wait[b]")
#' memStory(run, "worker 1")
#' try(memStory(run, "wiat"))
#' @export
memStory <- function(run, id) {
  call <- sys.call()
  check_given(c(run = missing(run), id = missing(id)), call)
  record <- record_of(run, "run", call)
  id <- check_string(as_id(id), "id", call)
  told <- native(ms_story(record, id), call)
  if (!is.null(told$why)) abort("unknown", told$why, nearest = told$nearest, call = call)
  story <- data.frame(time = told$at, what = told$what, worker = told$worker, stringsAsFactors = FALSE)
  for (column in c("time", "worker")) story[[column]][is.nan(story[[column]])] <- NA
  structure(story, title = told$title, class = c("memshare_story", "data.frame"))
}

# A number is a chunk's.
as_id <- function(id) if (is.numeric(id) && length(id) == 1L && !is.na(id)) sprintf("#%.0f", id) else id

#' @export
format.memshare_story <- function(x, ...) {
  time <- ifelse(is.na(x$time), "", sprintf("%.3f s", x$time))
  worker <- ifelse(is.na(x$worker), "", sprintf("worker %.0f", x$worker))
  c(attr(x, "title"), if (nrow(x)) in_columns(list(time, worker, x$what), 1L, head = FALSE))
}

#' @export
print.memshare_story <- function(x, ...) {
  # A part of it that lost its attributes is a plain data frame.
  if (is.null(attr(x, "title")) || !all(c("time", "what", "worker") %in% names(x))) return(NextMethod())
  cat_lines(format(x))
  invisible(x)
}
