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
  caller <- parent.frame()
  check_written(call, caller, our_names)
  label <- function_label(substitute(FUN))
  namespace <- namespace_of(NAMESPACE, label, call, caller)
  given <- !is.null(NAMESPACE)
  if (given) check_used(NAMESPACE, is_name(X) || length(VARS) > 0L, call, caller)
  fun <- resolve_function(FUN, caller, call)
  control <- if (missing(CONTROL)) default_control() else check_control(CONTROL, call)
  cluster <- check_cluster(CLUSTER, call)
  cores <- asked_cores(MAX.CORES, call)
  array <- array_of(X, namespace, given, call)
  shape <- shape_by(array, margin_of(MARGIN, array, call))
  vars <- resolve_vars(VARS, namespace, given, call)
  names <- if (is.null(shape$dim) && length(shape$outer)) plain_names(shape$outer[[1L]])
  further <- if (...length()) further_arguments(environment(), call, fun, caller)
  pass <- new_pass(
    "apply", list(called(cells_of(array, shape$margin, call), substitute(X))), prod(array$dim[shape$margin]), names, names, vars, fun,
    further, control, namespace, given, cores, cluster, label, shape, call = call
  )
  deliver(pass, call)
}
