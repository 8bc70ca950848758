# FUN of each pair of two collections: a matrix, worked out tile by tile.

#' Apply a function to each pair of columns or items
#'
#' `memOuter()` calls `FUN(x, y)` for each column `x` of `X` and each column `y` of `Y` (or each item, of lists and vectors) and gives the matrix that
#' a double [sapply()] gives: its rows are named by the columns of `X`, its columns by those of `Y`. Workers take it in *tiles*: some columns of
#' `X` with some of `Y`, which stay in the processor's cache while all their pairs are compared.
#'
#' With `block = TRUE` FUN gets all columns of a tile at once, as two matrices (of lists as two lists), and gives the matrix of all pairs, as
#' [cor()] and [crossprod()] do. For thousands of columns this takes a small part of the time.
#'
#' With `symmetric = TRUE` the columns of `X` are compared with each other, where `FUN(x, y)` equals `FUN(y, x)`: only the upper triangle, with the
#' diagonal, is worked out and then mirrored.
#'
#' @inherit memLapply sections
#' @inheritParams memLapply
#' @param X,Y Matrices, whose columns are compared; or data frames, which are taken as matrices; or lists or vectors, whose items are; or passes
#'   (see [memshare-pass]); or the names of registered ones, which need `NAMESPACE`. Without `Y` the columns of `X` are compared with each other.
#' @param FUN A function of a column of `X` and a column of `Y` that gives one value; with `block = TRUE` of two matrices that gives a matrix with a
#'   row for each column of the first and a column for each column of the second. Or its name.
#' @param symmetric Whether only the upper triangle is worked out. Needs a call without `Y`.
#' @param block Whether FUN gets blocks of columns.
#' @param size How many columns or items a side of a tile has, or `NULL`: at most 256 and about half a megabyte, and no more than an eighth of all. This
#'   depends on the dims and types alone.
#' @param into `NULL`, or the name of a variable of `NAMESPACE` into which the tiles are written as they are done: one that [memAllocate()] made, or a
#'   file that [memMap()] mapped with `writable = TRUE`, with a row for each column of `X` and a column for each of `Y`. So the matrix may be bigger than
#'   memory. FUN must give what goes into its type without loss. Over several hosts it is a variable of this machine.
#' @param CONTROL How to run, made by [memControl()]. `simplify`, `FUN.VALUE`, `on_error` and `cost` do not apply.
#' @return A matrix, in shared memory where it is big. As a pass it may be `X` of [memApply()]. With `into` `NULL`, invisibly.
#' @seealso [memBlocks()], [memMutualinfo()], [outer()]
#' @examples
#' m <- matrix(rnorm(600), 50, dimnames = list(NULL, paste0("g", 1:12)))
#' r <- memOuter(m, FUN = cor, symmetric = TRUE, MAX.CORES = 2)
#' all.equal(r, cor(m))
#' all.equal(memOuter(m, FUN = cor, block = TRUE, MAX.CORES = 2), cor(m))
#'
#' # Into a file, column by column as readBin() reads it.
#' file <- tempfile()
#' writeBin(numeric(144), file)
#' memMap("demo", "r", file, "double", dim = c(12, 12), writable = TRUE)
#' memOuter(m, FUN = cor, block = TRUE, NAMESPACE = "demo", into = "r", MAX.CORES = 2)
#' all.equal(readBin(file, "double", 144), as.vector(cor(m)))
#' memshare_gc("demo")
#' unlink(file)
#'
#' scaled <- function(x, y, k) sum(x) * y + k
#' memOuter(list(a = 1:3, b = 4), list(u = 1, v = 2), scaled, MAX.CORES = 2, k = 100)
#' @export
memOuter <- function(X, Y = X, FUN, symmetric = FALSE, block = FALSE, size = NULL, into = NULL, NAMESPACE = NULL, VARS = NULL, MAX.CORES = NULL,
                     CLUSTER = NULL, ..., CONTROL = memControl()) {
  same <- missing(Y)
  asked <- begin_verb(
    environment(), sys.call(), parent.frame(), c(X = missing(X), FUN = missing(FUN)), c("X", if (!same) "Y", "into"), own = c("symmetric", "block", "size", "into")
  )
  call <- asked$call
  asked$control[c("simplify", "FUN.VALUE", "on_error", "cost")] <- list(FALSE, NULL, "stop", NULL)
  if (check_flag(symmetric, "symmetric", call) && !same) {
    abort_input("symmetric = TRUE compares the columns of X with each other: leave Y out", call)
  }
  left <- compared(X, substitute(X), ".left", asked)
  right <- if (same) left else compared(Y, substitute(Y), ".right", asked)
  how <- list(
    n = c(left$n, right$n), size = tile_size(left, right, check_count(size, "size", 1, call)), symmetric = symmetric,
    block = check_flag(block, "block", call), columns = c(left$columns, right$columns), names = list(left$names, right$names)
  )
  if (!is.null(into)) how$into <- check_into(into, how$n, asked)
  tiles <- tiles_of(how)
  input <- looked_at(input_of(tiles), tiles)
  input$said <- "tiles"
  asked$read <- list(X, Y)
  elements <- pass_elements(
    c(list(input, left$input), if (!same) list(right$input)), length(tiles), tile_names(tiles, how), NULL,
    shape = if (is.null(into)) list(dim = how$n, outer = matrix_names(how$names)), elements = c("", ""), unit = "tile"
  )
  value <- end_verb("outer", elements, asked, runs = list(fun = outer_tile, dots = list(.f = asked$fun, .how = how), last = assemble_tiles))
  if (is.null(into)) value else invisible(value)
}
