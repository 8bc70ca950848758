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
  namespace <- if (given) check_namespace(NAMESPACE, call, "NAMESPACE") else default_namespace(substitute(FUN))
  fun <- resolve_function(FUN, parent.frame(), call)
  control <- if (missing(CONTROL)) default_control() else check_control(CONTROL, call)
  margin <- check_margin(MARGIN, call)
  cluster <- check_cluster(CLUSTER, call)
  workers <- if (is.null(cluster)) worker_count(MAX.CORES, call) else length(cluster)
  matrix <- matrix_of(X, namespace, given, call)
  vars <- resolve_vars(VARS, namespace, given, call)
  n <- matrix$dim[[margin]]
  outer <- if (!is.null(matrix$dimnames)) matrix$dimnames[margin]
  inner <- if (!is.null(matrix$dimnames)) matrix$dimnames[-margin]
  names <- if (!is.null(outer)) plain_names(outer[[1L]])
  pass <- list(
    kind = "apply", margin = margin, x = matrix$x, dim = matrix$dim, vars = vars, fun = fun, dots = list(...), n = n, names = names,
    namespace = namespace, workers = max(1L, as.integer(min(workers, n))), cluster = cluster, control = control
  )
  if (n == 0) {
    check_call(pass, call)
    return(empty_apply(matrix, margin, pass, call))
  }
  results <- run_pass(pass, call)
  if (!is.null(control$FUN.VALUE)) return(simplify_vapply(results, names, control$FUN.VALUE, call))
  if (isFALSE(control$simplify)) return(named(results$values, names))
  if (!is.null(outer)) outer[1L] <- list(names)
  simplify_apply(results, n, outer, inner)
}

check_margin <- function(margin, call) {
  if (!is.numeric(margin) || length(margin) != 1L || is.na(margin) || !margin %in% c(1, 2)) {
    abort_input(sprintf("MARGIN must be 1 (rows) or 2 (columns), not %s", describe(margin)), call)
  }
  as.integer(margin)
}

# X as native code takes it, its dim, and its dimnames.
matrix_of <- function(x, namespace, given, call) {
  if (is.character(x) && length(x) == 1L && is.null(attributes(x))) {
    registered <- registered_name(x, namespace, given, call)
    view <- peek(registered, call)
    if (is.matrix(view) && !is.object(view)) {
      return(list(x = by_name(registered), dim = dim(view), dimnames = plain_dimnames(dimnames(view))))
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
empty_apply <- function(matrix, margin, pass, call) {
  control <- pass$control
  if (!is.null(control$FUN.VALUE)) return(vapply(list(), identity, control$FUN.VALUE))
  if (isFALSE(control$simplify)) return(list())
  x <- if (inherits(matrix$x, "memshare_name")) peek(matrix$x, call) else matrix$x
  vars <- pass$vars
  if (inherits(vars, "memshare_names")) vars <- stats::setNames(lapply(vars, function(name) peek(c(pass$namespace, name), call)), vars)
  do.call(apply, c(list(x, margin, pass$fun), pass$dots, vars), quote = TRUE)
}
