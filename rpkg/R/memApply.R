# apply over the margins of a matrix or an array on shared memory.

#' Apply a function over the margins of a matrix or an array, on several cores and one copy of the data
#'
#' `memApply()` calls FUN for every row (`MARGIN = 1`) or column (`MARGIN = 2`) of a matrix, as [apply()] does. The matrix is put
#' into shared memory once (or was registered before), and worker processes read it in place: columns without a copy, rows by
#' a transposition a block at a time.
#'
#' Any other `MARGIN`, and any array, work as in `apply()`: FUN receives what is left when the dimensions of `MARGIN` are fixed, with its dim
#' and dimnames. The array is then copied once, turned, before it is shared; this is also so for a registered one. A pass as `X` must be
#' a matrix, and its `MARGIN` 1 or 2.
#'
#' @section Sparse matrices:
#' A sparse matrix of package Matrix stays sparse in shared memory. The compressed form that the walk needs is shared: by columns a `dgCMatrix`,
#' `lgCMatrix` or `ngCMatrix` as it is, by rows a `dgRMatrix`, `lgRMatrix` or `ngRMatrix`. For any other, and for the other `MARGIN`, this form is made as it is
#' copied into shared memory; of a registered variable once, and it stays there until you release the variable. FUN receives the row or column as
#' `apply()` gives it, or what `memControl(element = )` says: of `"nonzero"` a list of `i`, the places from 1 on, increasing, and `x`, the values there
#' (`TRUE` for all of an `ngCMatrix`), with the attribute `length`. Entries that are there and zero are among them. Other matrices of package
#' Matrix (`dgeMatrix`), and `MARGIN = c(1, 2)`, are taken by `as.matrix()`.
#'
#' @inherit memLapply details sections
#' @inheritParams memLapply
#' @param X A matrix, also one of package Matrix, an array or a data frame (which is taken as a matrix, as `apply()` does); or one string, the name of a registered
#'   variable, which needs `NAMESPACE`.
#' @param MARGIN The dimensions to go over: 1 for rows, 2 for columns, `c(1, 2)` for the entries of a matrix; or their names in
#'   `names(dimnames(X))`.
#' @return What `apply(simplify = FALSE)` gives: a list in the order of the rows or columns, with their names; for several dimensions a list with
#'   their dim and dimnames. With `memControl(simplify = TRUE)` what `apply()` gives; with `FUN.VALUE` what [vapply()] gives, an array of
#'   the dimensions of a result and those of `MARGIN`. Where there is nothing to go over, the list is empty.
#' @seealso [memLapply()], [memControl()], [registerVariables()], [memLastRun()]
#' @examples
#' m <- matrix(rnorm(60), 20, dimnames = list(NULL, c("a", "b", "c")))
#' y <- rnorm(20)
#' memApply(m, 2, cor, VARS = list(y = y), MAX.CORES = 2)
#' memApply(m, 1, sum, MAX.CORES = 2, CONTROL = memControl(simplify = TRUE))
#' memApply(Titanic, c("Sex", "Class"), sum, MAX.CORES = 2, CONTROL = memControl(simplify = TRUE))
#'
#' registerVariables("demo", list(m = m, y = y))
#' memApply("m", 2, function(v, y) sum(v * y), NAMESPACE = "demo", VARS = "y", MAX.CORES = 2)
#' releaseVariables("demo", c("m", "y"))
#' @export
memApply <- function(X, MARGIN, FUN, NAMESPACE = NULL, VARS = NULL, MAX.CORES = NULL, CLUSTER = NULL, ..., CONTROL = memControl()) {
  asked <- begin_verb(environment(), sys.call(), parent.frame(), c(X = missing(X), MARGIN = missing(MARGIN), FUN = missing(FUN)))
  array <- array_of(X, asked$namespace, asked$given, asked$call)
  shape <- shape_by(array, margin_of(MARGIN, array, asked$call))
  names <- if (is.null(shape$dim) && length(shape$outer)) plain_names(shape$outer[[1L]])
  input <- called(cells_of(array, shape$margin, asked$control$element, asked$call), substitute(X))
  end_verb("apply", pass_elements(list(input), prod(array$dim[shape$margin]), names, shape = shape), asked)
}
