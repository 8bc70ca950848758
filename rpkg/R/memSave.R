# Plans and runs in files, to be looked at later or elsewhere.

#' Save a plan or a run, and look at it later
#'
#' `memSave()` writes what is known of a plan or a run to a file: the graph, and of a run all that happened. No data is in it, nor
#' the values. `memLoad()` opens it, in any session and on any machine with the same version of memshare; all views work on what it
#' gives: [print()], [summary()], [as.data.frame()] and the others. It cannot be run.
#'
#' @param x A plan of [memPlan()], or a run of [memLastRun()].
#' @param file The file's name; an existing file is replaced.
#' @return `memSave()`: the file's name, invisibly. `memLoad()`: a run, of class `memshare_run`, or a plan that is only to be looked at,
#'   of class `memshare_plan_record`. An error of class `memshare_error_record` says that the file is none of memSave()'s, is damaged, or
#'   of another version.
#' @seealso [memLastRun()], [memPlan()]
#' @examples
#' memLapply(1:4, function(i) i^2, MAX.CORES = 1)
#' file <- tempfile(fileext = ".memshare")
#' memSave(memLastRun(), file)
#' memLoad(file)
#' @export
memSave <- function(x, file) {
  call <- sys.call()
  check_given(c(x = missing(x), file = missing(file)), call)
  file <- path.expand(check_string(file, "file", call))
  native(ms_record_write(record_of(x, "x", call), file), call)
  invisible(file)
}

#' @rdname memSave
#' @export
memLoad <- function(file) {
  call <- sys.call()
  check_given(c(file = missing(file)), call)
  record <- native(ms_record_read(path.expand(check_string(file, "file", call))), call)
  document <- native(ms_record_document(record, FALSE), call)
  if (document$kind == "run") return(run_from(record, document))
  saved_plan(record, document)
}

# A plan that was saved: the record, and its document.
saved_plan <- function(record, document) {
  structure(list(record = record, document = document), class = c("memshare_plan_record", "memshare_plan"))
}

# Where a plan is to be run.
refuse_saved <- function(plan, call) {
  if (inherits(plan, "memshare_plan_record")) abort_input("a plan that was saved can be looked at, but not run: it has no data", call)
}

#' @export
format.memshare_plan_record <- function(x, ...) {
  document <- unclass(x)$document
  names <- vapply(document$passes, `[[`, "", "name")
  elements <- vapply(document$passes, `[[`, 0, "elements")
  budget <- if (length(document$budget)) sprintf(" of %s", format_bytes(document$budget)) else ""
  c(
    sprintf("<plan> saved: %s", document$title),
    sprintf(
      "%s in %s, %s, by up to %s", count_of(length(names), "pass", "passes"), count_of(length(document$stages), "stage"),
      count_of(length(document$tasks), "task"), count_of(document$workers, "worker")
    ),
    sprintf("passes: %s", shorten(sprintf("%s (%s)", names, format_count(elements)))),
    sprintf("peak: %s%s shared memory", format_bytes(document$peak_bytes), budget),
    if (document$held_back) "stages wait for each other, to stay within the budget"
  )
}

#' @export
summary.memshare_plan_record <- function(object, ...) {
  document <- unclass(object)$document
  passes <- vapply(document$passes, function(pass) paste0(pass$name, if (nzchar(pass$about)) paste0(": ", pass$about)), "")
  plan_summary(format(object), passes, as.data.frame(object, what = "resources"), document)
}

#' @export
as.data.frame.memshare_plan_record <- function(x, row.names = NULL, optional = FALSE, what = c("tasks", "resources", "passes"), ...) {
  what <- check_choice(what[[1L]], c("tasks", "resources", "passes"), "what", NULL)
  document <- unclass(x)$document
  switch(what, tasks = tasks_table(document), resources = resources_table(document), passes = passes_table(document))
}
