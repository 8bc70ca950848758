# Plans and runs for other programs: JSON, DOT, Mermaid, traces, a page.

#' Export a plan or a run
#'
#' `memExport()` writes what is known of a plan or a run in a format that other programs read. All of them take their figures from the
#' same document, so that they agree with each other and with what R prints.
#'
#' \describe{
#'   \item{`"json"`}{All there is: the graph, and of a run its figures, workers, chunks, memory and events. The format has a version and
#'     is described by a JSON Schema, `record.schema.json`, in the sources' `docs`, where `record.md` shows how to read it from Python.}
#'   \item{`"dot"`}{The graph for Graphviz: `dot -Tsvg plan.dot -o plan.svg`.}
#'   \item{`"mermaid"`}{The graph for Markdown pages, as GitHub, GitLab and Quarto draw it in a `mermaid` block.}
#'   \item{`"trace"`}{A run for \url{https://ui.perfetto.dev}, `chrome://tracing` or Speedscope, in the Trace Event Format: each worker's
#'     chunks, in them FUN and the passes, what waited for what, the bytes in shared memory and the workers at work over time.}
#'   \item{`"html"`}{One page that a browser opens, with no need of a network.}
#' }
#'
#' In drawings tasks are boxes and resources cylinders; what lies on the critical path is red. A graph of more than 500 nodes is drawn
#' by steps: a box says how many tasks or resources of a kind the step has. A drawing for Mermaid is kept within what Mermaid takes by
#' default: 500 arrows and 50,000 letters.
#'
#' @param x A plan of [memPlan()], a run of [memLastRun()], or the name of a file that [memSave()] wrote.
#' @param file The file's name; an existing file is replaced. `NULL` gives the text.
#' @param format The format. Where it is missing, the file's ending says it: `.json`, `.dot` or `.gv`, `.mmd` or `.mermaid`,
#'   `.trace.json` or `.trace`, `.html`; without a file it is JSON.
#' @param releases Whether drawings (`"dot"`, `"mermaid"`) show the tasks that give memory back.
#' @return The text, or the file's name, invisibly. An error of class `memshare_error_input` says that a plan has no trace, or that the
#'   file's ending says nothing.
#' @seealso [memSave()], which keeps a run to be looked at again with memshare.
#' @examples
#' memLapply(c(a = 1, b = 2), function(v) v^2, MAX.CORES = 1)
#' run <- memLastRun()
#' cat(memExport(run, format = "mermaid"))
#' file <- memExport(run, tempfile(fileext = ".trace.json"))
#' unlink(file)
#' @export
memExport <- function(x, file = NULL, format = c("json", "dot", "mermaid", "trace", "html"), releases = TRUE) {
  call <- sys.call()
  check_given(c(x = missing(x)), call)
  if (!is.null(file)) file <- path.expand(check_string(file, "file", call))
  choices <- eval(formals()$format)
  format <- if (missing(format)) format_of(file, call) else check_choice(format, choices, "format", call)
  releases <- check_flag(releases, "releases", call)
  text <- native(ms_record_export(record_of(x, "x", call), format, if (is.null(file)) "" else file, releases), call)
  if (is.null(file)) text else invisible(file)
}

# The format that a file's ending says.
format_of <- function(file, call) {
  if (is.null(file)) return("json")
  format <- native(ms_export_format(file), call)
  if (nzchar(format)) return(format)
  abort_input(sprintf("the ending of '%s' does not say a format: give format, or a file like run.json, run.dot or run.html", file), call)
}
