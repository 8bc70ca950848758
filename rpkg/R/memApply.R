# apply over the rows or columns of a matrix on shared memory.

#' Apply a function over the rows or columns of a matrix, on several cores and one copy of the data
#'
#' `memApply()` calls FUN for every row (`MARGIN = 1`) or column (`MARGIN = 2`) of a matrix, as [apply()] does. The matrix is put
#' into shared memory once (or was registered before), and worker processes read it in place: columns without a copy, rows by
#' a transposition a block at a time.
#'
#' @inherit memLapply details sections
#' @inheritParams memLapply
#' @param MARGIN 1 for rows, 2 for columns.
#' @return A list in the order of the rows or columns, with their names; with `memControl(simplify = TRUE)` what `apply()` gives;
#'   with `FUN.VALUE` what [vapply()] gives.
#' @seealso [memLapply()], [memControl()], [registerVariables()], [memLastRun()]
#' @examples
#' m <- matrix(rnorm(60), 20, dimnames = list(NULL, c("a", "b", "c")))
#' y <- rnorm(20)
#' memApply(m, 2, cor, VARS = list(y = y), MAX.CORES = 2)
#' memApply(m, 1, sum, MAX.CORES = 2, CONTROL = memControl(simplify = TRUE))
#'
#' registerVariables("demo", list(m = m, y = y))
#' memApply("m", 2, function(v, y) sum(v * y), NAMESPACE = "demo", VARS = "y", MAX.CORES = 2)
#' releaseVariables("demo", c("m", "y"))
#' @export
memApply <- function(X, MARGIN, FUN, NAMESPACE = NULL, VARS = NULL, MAX.CORES = NULL, CLUSTER = NULL, ..., CONTROL = memControl()) {
  call <- sys.call()
  given <- !is.null(NAMESPACE)
  label <- function_label(substitute(FUN))
  namespace <- if (given) check_namespace(NAMESPACE, call, "NAMESPACE") else default_namespace(label)
  fun <- resolve_function(FUN, parent.frame(), call)
  control <- if (missing(CONTROL)) default_control() else check_control(CONTROL, call)
  margin <- check_margin(MARGIN, call)
  cluster <- check_cluster(CLUSTER, call)
  cores <- asked_cores(MAX.CORES, call)
  matrix <- matrix_of(X, namespace, given, call)
  vars <- resolve_vars(VARS, namespace, given, call)
  outer <- if (!is.null(matrix$dimnames)) matrix$dimnames[margin]
  inner <- if (!is.null(matrix$dimnames)) matrix$dimnames[-margin]
  names <- if (!is.null(outer)) plain_names(outer[[1L]])
  pass <- new_pass(
    "apply", list(called(slices(matrix, margin), substitute(X))), matrix$dim[[margin]], names, names, vars, fun, list(...), control,
    namespace, given, cores, cluster, label, outer, inner, call = call
  )
  deliver(pass, call)
}

# The rows or columns of a matrix as an input.
slices <- function(matrix, margin) {
  input <- input_of(matrix$x, if (margin == 1L) "row" else "column", matrix$dim)
  if (!is.null(matrix$type)) input$of <- kind_of_slices(matrix$type, input)
  input
}

check_margin <- function(margin, call) {
  if (!is.numeric(margin) || length(margin) != 1L || is.na(margin) || !margin %in% c(1, 2)) {
    abort_input(sprintf("MARGIN must be 1 (rows) or 2 (columns), not %s", describe(margin)), call)
  }
  as.integer(margin)
}

# X as native code takes it, its dim, and its dimnames.
matrix_of <- function(x, namespace, given, call) {
  if (is_pass(x)) return(matrix_of_pass(x, call))
  if (is.character(x) && length(x) == 1L && is.null(attributes(x))) {
    registered <- registered_name(x, namespace, given, call)
    view <- peek(registered, call)
    if (is.matrix(view) && !is.object(view)) {
      return(list(x = by_name(registered), dim = dim(view), dimnames = plain_dimnames(dimnames(view)), type = typeof(view)))
    }
    x <- view
  }
  if (is.object(x) && length(dim(x)) == 2L) x <- as.matrix(x)
  if (!is.matrix(x) || !(is.atomic(x) || is.list(x))) {
    abort_input(sprintf("Unknown input format for X: a matrix or the name of a registered matrix is needed, not %s", describe(x)), call)
  }
  list(x = x, dim = dim(x), dimnames = dimnames(x))
}

plain_dimnames <- function(dimnames) {
  if (is.null(dimnames)) return(NULL)
  stats::setNames(lapply(dimnames, plain_names), names(dimnames))
}

# No row, or no column: apply() asks FUN about one empty or zero element what kind of nothing to give; so do we, in this session.
empty_apply <- function(pass, call) {
  control <- pass$control
  if (!is.null(control$FUN.VALUE)) return(vapply(list(), identity, control$FUN.VALUE))
  if (isFALSE(control$simplify)) return(list())
  input <- pass$inputs[[1L]]
  x <- present_value(input$source, call)
  vars <- lapply(pass$vars, present_value, call)
  do.call(apply, c(list(x, if (input$cut == "row") 1L else 2L, pass$fun), pass$dots, vars, pass$functions), quote = TRUE)
}

# A source's value in this session, where that needs no run.
present_value <- function(source, call) {
  if (inherits(source, "memshare_name")) return(peek(source, call))
  if (!is_pass(source)) return(source)
  pass <- inside(source)
  if (pass$n > 0) {
    abort_input("apply() over nothing asks FUN what kind of nothing to give, and FUN needs a pass that has not run; memRun() it first", call)
  }
  empty_value(pass, call)
}
