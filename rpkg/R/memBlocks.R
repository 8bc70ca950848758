# Blocks of a matrix on shared memory: some rows or columns at a time, as a matrix.

#' Apply a function over blocks of a matrix's columns or rows
#'
#' `memBlocks()` calls FUN with some consecutive columns (`MARGIN = 2`) or rows (`MARGIN = 1`) at a time, as a matrix: what
#' `X[, from:to, drop = FALSE]` gives. One call of `colSums()`, `crossprod()` or `scale()` for a hundred columns takes a small part of the time that
#' a hundred calls of FUN take. A block of columns is read where it lies, without a copy; a block of rows is copied for FUN.
#'
#' How many columns or rows a block has by default depends on the dim and the type of `X` alone: as many as are about 1 MB, and at least one.
#' So a value that depends on how columns are grouped (a sum of floating-point numbers, say) is the same for any number of workers and
#' in every run. The last block may be smaller.
#'
#' Of a sparse matrix of package Matrix (see [memApply()]) a block is a sparse one, by columns (`dgCMatrix`, `lgCMatrix` or `ngCMatrix`), and has as many columns
#' or rows as one of a dense matrix of its dim. Of a large block of columns its numbers are read where they lie.
#'
#' @section Combining:
#' With `combine = NULL` the value is a list, an item for each block. With `c`, `rbind` or `cbind` of base R the results are combined in the order
#' of the blocks in one call, as `do.call(rbind, results)` does. Any other function is one of two values and must be associative: the
#' workers combine the results in the fixed tree of [memReduce()]. Results that are combined are not simplified, and
#' `memControl(on_error = "collect")` is not possible, for a condition cannot be combined. Where there is no block the
#' value is `NULL`.
#'
#' @inherit memLapply sections
#' @inheritParams memLapply
#' @param X A matrix, also one of package Matrix, or a data frame (which is taken as a matrix); a pass that gives a matrix; or one string, the name of a registered
#'   variable, which needs `NAMESPACE`.
#' @param MARGIN 1 for blocks of rows, 2 for blocks of columns; or its name in `names(dimnames(X))`.
#' @param size How many rows or columns a block has, or `NULL`: about 1 MB.
#' @param combine `NULL`, or how the results of the blocks become one value: `c`, `rbind`, `cbind`, or an associative function of two values like
#'   `+`; or its name.
#' @return A list with an item for each block; or what `combine`, or `simplify` or `FUN.VALUE` of [memControl()], make of it.
#' @seealso [memApply()], [memReduce()], [memTapply()]
#' @examples
#' m <- matrix(rnorm(6000), 100, dimnames = list(NULL, paste0("g", 1:60)))
#' y <- rnorm(100)
#' sums <- memBlocks(m, colSums, combine = c, MAX.CORES = 2)
#' all.equal(sums, colSums(m))
#'
#' # One product for each ten columns
#' z <- memBlocks(m, crossprod, size = 10, combine = rbind, MAX.CORES = 2, y = y)
#' all.equal(z, crossprod(m, y))
#'
#' # The sum over blocks of rows of what each gives
#' xx <- memBlocks(m, crossprod, MARGIN = 1, size = 25, combine = `+`, MAX.CORES = 2)
#' all.equal(xx, crossprod(m))
#' @export
memBlocks <- function(X, FUN, MARGIN = 2, size = NULL, combine = NULL, NAMESPACE = NULL, VARS = NULL, MAX.CORES = NULL, CLUSTER = NULL, ...,
                      CONTROL = memControl()) {
  asked <- begin_verb(environment(), sys.call(), parent.frame(), c(X = missing(X), FUN = missing(FUN)), own = c("MARGIN", "size", "combine"))
  call <- asked$call
  combine <- combine_of(combine, asked$control, asked$caller, call)
  matrix <- matrix_of(X, asked$namespace, asked$given, call)
  margin <- margin_of(MARGIN, matrix, call)
  if (length(margin) != 1L) abort_input("MARGIN must be 1 (blocks of rows) or 2 (blocks of columns)", call)
  blocks <- blocks_of(matrix, margin, check_count(size, "size", 1, call), call)
  input <- called(blocks$input, substitute(X))
  end_verb("blocks", pass_elements(list(input), blocks$n, blocks$names, NULL, unit = "block"), asked, combine = combine)
}
