# explain(): a plan or a run as a tree. The text is made by native code, from the figures that every view has.

#' Explain a plan or a run
#'
#' `explain()` shows a plan as an indented tree: its data, its stages in their order with their passes, what each reads and makes, with
#' the figures that are predicted. Of a run the figures are those that were measured: time and share of the run, how much of the
#' workers' time FUN had (`util`), overhead, chunks, retries, bytes, the element that took longest. The critical path follows, which
#' no number of workers makes shorter, and a sentence or two of advice.
#'
#' Of a plan whose `CLUSTER` has several hosts the peak of one host is said too: all data that it is sent, and what the blocks of elements take that it
#' has at a time, if hosts are alike.
#'
#' Of more than twenty stages the ten heaviest are shown, and what the others are together.
#'
#' @param x A plan of [memPlan()], a run of [memLastRun()] or [memLoad()], a pass, or a file of [memSave()]; `explain()` of nothing explains
#'   the last run.
#' @param row.names,optional,... Not used.
#' @return An object of class `memshare_explanation`: printing it shows the text, `format()` gives its lines, `as.data.frame()` a table of
#'   the figures with a row a pass: `pass`, `part`, `stage`, `step`, `elements`, `predicted` (seconds that FUN was expected to take), and
#'   of a run `chunks`, `began`, `ended`, `fun` (seconds of FUN, over all workers), `share` (of all FUN), `utilisation`, `overhead`,
#'   `mean_chunk`, `longest_chunk`, `bytes`, `retries`, `slowest` (the element) and `slowest_seconds`. `advice` of the object are the
#'   sentences.
#' @seealso [memStory()] for one task, chunk or element, [memWhy()], [memLastRun()], [memPlan()]
#' @examples
#' m <- matrix(rnorm(60), 20)
#' lazy <- memControl(lazy = TRUE)
#' mu <- memApply(m, 2, mean, CONTROL = lazy)
#' s <- memApply(m, 2, sd, CONTROL = lazy)
#' z <- memLapply(
#'   1:3, function(j, m, mu, s) (m[, j] - mu[[j]]) / s[[j]],
#'   VARS = list(m = m, mu = mu, s = s), CONTROL = lazy
#' )
#' plan <- memPlan(z, MAX.CORES = 2)
#' explain(plan)
#' invisible(memRun(plan))
#' explain(memLastRun())
#' as.data.frame(explain(memLastRun()))
#' @export
explain <- function(x, ...) UseMethod("explain")

#' @rdname explain
#' @export
explain.default <- function(x, ...) {
  call <- sys.call(-1L)
  if (missing(x)) {
    x <- memLastRun()
    if (is.null(x)) abort_input("nothing has run yet in this session; explain() takes a plan or a run", call)
  }
  theirs <- their_generic("explain", x)
  if (!is.null(theirs)) return(theirs(x, ...))
  explained(x, call)
}

#' @rdname explain
#' @export
explain.memshare_plan_record <- function(x, ...) explained(x, sys.call(-1L))

#' @rdname explain
#' @export
explain.memshare_plan <- function(x, ...) explained(x, sys.call(-1L))

#' @rdname explain
#' @export
explain.memshare_run <- function(x, ...) explained(x, sys.call(-1L))

#' @rdname explain
#' @export
explain.memshare_pass <- function(x, ...) {
  name <- substitute(x)
  plan <- do.call(memPlan, stats::setNames(list(x), if (is.symbol(name)) as.character(name) else ""), quote = TRUE)
  explained(plan, sys.call(-1L))
}

#' @rdname explain
#' @export
explain.memshare_handle <- function(x, ...) explained(run_behind(x, sys.call(-1L)), sys.call(-1L))

explained <- function(x, call) {
  record <- record_of(x, "x", call)
  document <- native(ms_record_document(record, FALSE), call)
  lines <- native(ms_explain(record), call)
  if (inherits(x, "memshare_plan") && !inherits(x, "memshare_plan_record")) {
    lines <- append(lines, said_of_hosts(unwrap_pass(x), call), match(TRUE, startsWith(lines, "  peak "), length(lines)))
  }
  structure(
    list(lines = lines, figures = passes_table(document), advice = as.character(unlist(document$advice))),
    class = "memshare_explanation"
  )
}

# The run of a handle that was collected, as memLastRun() gives it, if none came after it.
run_behind <- function(handle, call) {
  within <- unwrap_pass(handle)
  if (within$status == "running") abort_input("this run was not collected yet: collect() waits for it; memWhy() says why a task waits",
      call)
  if (!identical(state$last_run$run, within$run)) abort_input("what this run did is not kept any more: another came after it", call)
  memLastRun()
}

#' @export
format.memshare_explanation <- function(x, ...) x$lines

#' @export
print.memshare_explanation <- function(x, ...) {
  cat_lines(x$lines)
  invisible(x)
}

#' @rdname explain
#' @export
as.data.frame.memshare_explanation <- function(x, row.names = NULL, optional = FALSE, ...) x$figures
