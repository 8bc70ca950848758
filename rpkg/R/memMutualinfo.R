# Mutual information of all columns of a matrix, on the package's workers.

#' Mutual information of all columns of a matrix
#'
#' `memMutualinfo()` gives the [mutualinfo()] of each column of `X` with `y`, or, without `y`, of each pair of columns. The columns are read
#' where they lie in shared memory, by native code, on several cores. What all columns share (the classes of `y`, say) is computed once.
#'
#' @inheritParams mutualinfo
#' @inheritParams memLapply
#' @param X A matrix or a data frame; or one string, the name of a registered matrix, which needs `NAMESPACE`. With `y` also a pass (see
#'   [memshare-pass]) whose value is a matrix.
#' @param y A vector with a value for each row of `X`, or, with `NAMESPACE`, the name of a registered one. `NULL`: all pairs of columns.
#' @param isXDiscrete,isYDiscrete Whether every value of the columns, of `y`, is a class of its own. For pairs of columns only
#'   `isXDiscrete` counts.
#' @param NAMESPACE The namespace in which `X` or `y` are registered. Only needed for names.
#' @param CONTROL How to run, made by [memControl()]. `simplify`, `FUN.VALUE` and `on_error` do not apply, and `lazy` only with `y`.
#' @return A number for each column, with the columns' names, as [apply()] gives them; or the symmetric matrix of the pairs of columns.
#' @section Errors:
#' A column for which there is no value, by missing numbers without `na.rm` say, ends the call with a condition of class
#' `memshare_error_element` that names the column.
#' @seealso [mutualinfo()], [memApply()]
#' @examples
#' genes <- matrix(rnorm(4000), 200, dimnames = list(NULL, paste0("gene_", 1:20)))
#' type <- rep(c("B", "T"), 100)
#' genes[type == "T", "gene_3"] <- genes[type == "T", "gene_3"] + 2
#' scores <- memMutualinfo(genes, type, isYDiscrete = TRUE, MAX.CORES = 2)
#' head(sort(scores, decreasing = TRUE), 3)
#'
#' round(memMutualinfo(genes[, 1:3], method = "rank", MAX.CORES = 2), 3)
#' @export
memMutualinfo <- function(X, y = NULL, isXDiscrete = FALSE, isYDiscrete = FALSE, eps = .Machine$double.eps * 1000, useMPMI = FALSE,
                          na.rm = FALSE, method = c("pde", "rank", "ksg"), NAMESPACE = NULL, MAX.CORES = NULL, CLUSTER = NULL,
                          CONTROL = memControl()) {
  call <- sys.call()
  check_given(c(X = missing(X)), call)
  namespace <- if (!is.null(NAMESPACE)) check_namespace(NAMESPACE, call, "NAMESPACE")
  discrete <- c(check_flag(isXDiscrete, "isXDiscrete", call), check_flag(isYDiscrete, "isYDiscrete", call))
  if (is.null(y)) discrete[[2L]] <- discrete[[1L]]
  how <- information_by(discrete, eps, useMPMI, na.rm, method, call)
  control <- check_control(CONTROL, call)
  control[c("simplify", "on_error")] <- list(FALSE, "stop")
  settings <- pass_settings(control, namespace, !is.null(namespace), asked_cores(MAX.CORES, call), check_cluster(CLUSTER, call), "mutualinfo")
  array <- array_of(X, namespace, settings$given, call)
  if (length(array$dim) != 2L) abort_input(sprintf("X must be a matrix, not an array of %d dimensions", length(array$dim)), call)
  input <- called(slices(array, 2L), substitute(X))
  if (is.null(y)) return(information_of_pairs(array, input, how, settings, call))
  data <- list(X, y)
  y <- if (is_name(y) && settings$given) peek(registered_name(y, namespace, TRUE, call), call) else y
  if (is_pass(y)) abort_input("y is a pass, which has not run; memRun() it first", call)
  check_paired(array$dim[[1L]], length(y), "the columns of X", call)
  vars <- list(y = information_variable(y, "y", how, call), how = how)
  deliver(over_columns(array, input, column_information, vars, with_template(settings, 0), call), call, data)
}

# A pass over the columns of X.
over_columns <- function(array, input, fun, vars, settings, call) {
  shape <- shape_by(array, 2L)
  names <- if (length(shape$outer)) plain_names(shape$outer[[1L]])
  elements <- pass_elements(list(input), array$dim[[2L]], names, shape = shape)
  new_pass("apply", elements, list(fun = fun, further = further_values(list())), vars, settings, call)
}

with_template <- function(settings, template) {
  settings$control["FUN.VALUE"] <- list(template)
  settings
}

# FUN on a worker: a column and y.
column_information <- function(x, y, how) information_of(information_variable(x, "x", how, NULL), y, how, NULL)

# All pairs: one pass prepares each column, one more compares each with those up to itself. The columns themselves are needed again where
# there is nothing to prepare, or where which pairs are left depends on both.
information_of_pairs <- function(array, input, how, settings, call) {
  if (settings$control$lazy) abort_input("without y the call cannot be lazy; give y, or leave lazy out", call)
  if (is_pass(array$x)) abort_input("X is a pass, which has not run; memRun() it first, or give y", call)
  p <- array$dim[[2L]]
  names <- array$dimnames[[2L]]
  vars <- list(how = how)
  settings <- with_template(settings, NULL)
  if (p > 0 && !how$mpmi && how$method != "ksg") {
    lazily <- settings
    lazily$control$lazy <- TRUE
    vars$columns <- wrap(over_columns(array, input, prepared_column, list(how = how), lazily, call))
  }
  if (how$na.rm || is.null(vars$columns)) vars$X <- array$seen
  settings$control["cost"] <- list(as.double(seq_len(p)))
  elements <- pass_elements(list(input_of(as.list(seq_len(p)))), p, plain_names(names))
  pass <- new_pass("lapply", elements, list(fun = pairs_of_column, further = further_values(list())), vars, settings, call)
  symmetric(deliver(pass, call), names)
}

# FUN on a worker: a column, alone.
prepared_column <- function(x, how) information_variable(x, "x", how, NULL)[c("prepared", "usable")]

# FUN on a worker: column j with the columns up to itself.
pairs_of_column <- function(j, how, columns = NULL, X = NULL) {
  variable <- function(i, what) {
    if (is.null(columns)) return(information_variable(X[, i], what, how, NULL))
    of <- list(discrete = how$discrete[[1L]], what = what, usable = columns[[i]]$usable, prepared = columns[[i]]$prepared)
    c(of, list(values = if (is.null(X)) of$prepared$codes else X[, i]))
  }
  last <- variable(j, "y")
  vapply(seq_len(j), function(i) information_of(variable(i, "x"), last, how, NULL), 0)
}

# The matrix of what the pairs of each column gave.
symmetric <- function(pairs, names) {
  p <- length(pairs)
  out <- matrix(0, p, p, dimnames = if (length(names)) list(names, names))
  for (j in seq_len(p)) out[seq_len(j), j] <- pairs[[j]]
  out[lower.tri(out)] <- t(out)[lower.tri(out)]
  out
}
