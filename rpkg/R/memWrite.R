# Shared writing, explicitly: a variable that is made to be written into, and writing into it. Everything else is copy-on-write.

#' Fill a shared variable in place
#'
#' `memAllocate()` registers a variable of zeros (`FALSE`, `0+0i`, `00`) that can be written into. `memWrite()` writes values into it, or
#' into a file that [memMap()] mapped with `writable = TRUE`: from the session that made it, from any other R session of yours, or
#' from FUN in a worker, on different parts at the same time. So a big result is filled where it will be read, without a copy in any
#' process.
#'
#' An allocated variable belongs to the session that made it and goes with it, as a registered one does; one that FUN allocates goes with
#' its worker.
#'
#' The room of an allocated variable is reserved at once; too little of it is a `memshare_error_no_space`, and later writes find
#' their room. Allocating does not write, so it takes about as long for gigabytes as the system needs to find the memory.
#'
#' Data that [registerVariables()] registered is never written into: results that depend on it would change under their
#' readers. For the same reason a write is refused, with class `memshare_error_busy`, while a call of [memApply()] or [memLapply()]
#' that was given the variable by name reads it: as X or in VARS, whichever elements it is at. Fill first, then read; and let FUN
#' write to a variable that its call does *not* read, by naming it in `memWrite()` alone, as in the example.
#'
#' Writes to the same part at the same time are done one after the other. A view that was retrieved before a write shows what
#' was written unless it is small or R code has changed it: retrieve views after writing.
#'
#' @inheritParams memMap
#' @param dim One number for a vector of that length; two or more for a matrix or an array.
#' @return `NULL`, invisibly.
#' @seealso [memMap()], [retrieveViews()], [memWhy()]
#' @examples
#' memAllocate("demo", "squares", "double", dim = c(3, 4))
#' memWrite("demo", "squares", 1:3, list(NULL, 1))          # column 1
#' memWrite("demo", "squares", 0.5, list(2, 2:4))           # one value for several items
#' memWrite("demo", "squares", c(7, 8), c(12, 11))     # positions, as in squares[c(12, 11)] <- c(7, 8)
#' retrieveViews("demo", "squares")$squares
#'
#' # FUN fills the columns, on two workers at once.
#' invisible(memLapply(1:4, function(j) {
#'   memWrite("demo", "squares", (1:3 * j)^2, list(NULL, j))
#'   NULL
#' }, MAX.CORES = 2))
#' retrieveViews("demo", "squares")$squares
#' memshare_gc("demo")
#' @export
memAllocate <- function(namespace, name, type, dim) {
  call <- sys.call()
  check_given(c(namespace = missing(namespace), name = missing(name), type = missing(type)), call)
  namespace <- check_namespace(namespace, call)
  name <- check_string(name, "name", call)
  type <- check_type(type, call)
  if (missing(dim) || is.null(dim)) abort_input("dim must say how big the variable is: a length, or a matrix's or array's extents", call)
  dim <- check_dim(dim, call)
  configure_place()
  with_room(function() ms_allocate(namespace, name, type, dim, NULL), call)
  invisible(NULL)
}

#' @rdname memAllocate
#' @param value A vector: as many items as `index` means, or one for all of them. Its type is the variable's, or one that goes into
#'   it without loss (logical into integer, both into double, all three into complex).
#' @param index Which items: `NULL` for all; a vector of positions from 1 on (beyond 2^31 as doubles); or a list with, for each
#'   dimension, a vector of positions along it or `NULL` for all of them, so that `list(NULL, 3)` is column 3. Of a position that is
#'   named twice, the last value stays.
#' @export
memWrite <- function(namespace, name, value, index = NULL) {
  call <- sys.call()
  check_given(c(namespace = missing(namespace), name = missing(name), value = missing(value)), call)
  namespace <- check_namespace(namespace, call)
  name <- check_string(name, "name", call)
  if (!is.atomic(value) || is.null(value) || is.object(value)) {
    abort_input(sprintf("value must be a plain vector or array, not %s", describe(value)), call)
  }
  if (!is.null(index)) check_index(index, call)
  configure_place()
  native(ms_write(namespace, name, value, index), call)
  invisible(NULL)
}

# What native code cannot tell from positions.
check_index <- function(index, call) {
  axes <- if (is.list(index) && !is.object(index)) index else list(index)
  for (axis in axes) {
    if (!is.null(axis) && (!is.numeric(axis) || is.object(axis) || !is.null(dim(axis)))) {
      abort_input(
        sprintf(
          "index must be NULL, a vector of positions, or a list of those with one for each dimension; it has %s", describe(axis)
        ), call
      )
    }
  }
}
