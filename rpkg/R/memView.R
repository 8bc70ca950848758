# The page: a plan or a run in one HTML file.

#' See a plan or a run in the browser
#'
#' `memView()` writes what is known of a plan or a run as one HTML file, and opens it. The file needs nothing else, asks nothing of
#' any network, and can be sent to somebody who has neither R nor the data: there is no data in it, only names, numbers of elements,
#' bytes and times.
#'
#' The page shows the figures and what follows from them; the workers over time, with what was lost or failed; memory under it, with the
#' life of each resource; the graph, with the critical path; and the tables of chunks, tasks, passes, resources and events, which can be
#' sorted and searched. A click on anything gives its details; a click on a pass shows its chunks. `Ctrl` and the wheel zoom, `/`
#' searches. The page of a plan that has not run shows the graph, the steps in which each resource lives, and what is predicted.
#'
#' @param x A plan of [memPlan()], a run of [memLastRun()], what [memLoad()] gave, or the name of a file of [memSave()].
#' @param file The name of the file to write; by default a temporary one, which goes with the session.
#' @param open Whether to open it, with [utils::browseURL()].
#' @return The file's name, invisibly.
#' @seealso [memLastRun()], [memPlan()], [memSave()]
#' @examples
#' memLapply(1:40, function(i) sum(rnorm(1000)), MAX.CORES = 1)
#' page <- memView(memLastRun(), open = FALSE)
#' file.size(page)
#' @export
memView <- function(x, file = NULL, open = interactive()) {
  call <- sys.call()
  check_given(c(x = missing(x)), call)
  open <- check_flag(open, "open", call)
  file <- if (is.null(file)) tempfile("memshare-", fileext = ".html") else path.expand(check_string(file, "file", call))
  native(ms_record_export(record_of(x, "x", call), "html", file, TRUE), call)
  if (open) utils::browseURL(paste0("file://", normalizePath(file)))
  invisible(file)
}
