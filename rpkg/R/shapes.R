# The arrays of memApply() and what MARGIN makes of them, by the rules of apply().
#
# The *shape* of a pass over an array: `margin`, the numbers of the dimensions that MARGIN names; `outer`, their dimnames, and `inner`, those of
# the other dimensions; `dim`, their extents where MARGIN names not just one; `cell`, list(dim, dimnames) of an element that has more than one
# dimension, or NULL.

# X as native code takes it, its dim and dimnames; of a registered one also the view, `seen`.
array_of <- function(x, namespace, given, call) {
  if (is_pass(x)) return(matrix_of_pass(x, call))
  name <- NULL
  if (is_name(x)) {
    name <- registered_name(x, namespace, given, call)
    x <- peek(name, call)
  }
  if (is_sparse(x)) return(sparse_array(x, name, call))
  if (is_of_matrix(x)) need_matrix(sprintf("X, a %s,", class(x)[[1L]]), call)
  if (is.object(x) && length(dim(x))) {
    name <- NULL
    x <- if (length(dim(x)) == 2L) as.matrix(x) else as.array(x)
  }
  if (!length(dim(x)) || !(is.atomic(x) || is.list(x))) {
    abort_input(
      sprintf("Unknown input format for X: a matrix, an array or the name of a registered one is needed, not %s", describe(x)), call
    )
  }
  if (is.null(name) || length(dim(x)) != 2L) return(list(x = x, dim = dim(x), dimnames = dimnames(x), seen = x))
  list(x = by_name(name), dim = dim(x), dimnames = plain_dimnames(dimnames(x)), type = typeof(x), seen = x)
}

# MARGIN as numbers of dimensions.
margin_of <- function(margin, array, call) {
  known <- length(array$dim)
  if (is.character(margin)) {
    titles <- names(array$dimnames)
    if (is.null(titles)) abort_input("MARGIN names dimensions, but the dimnames of X have no names", call)
    at <- match(margin, titles)
    if (anyNA(at)) {
      titles <- paste0("'", titles[nzchar(titles)], "'", collapse = ", ")
      abort_input(sprintf("MARGIN is %s, but the dimensions of X are %s", describe(margin[is.na(at)][1L]), titles), call)
    }
    margin <- at
  }
  numbers <- is.numeric(margin) && !is.object(margin) && length(margin) > 0L && !anyNA(margin) && all(margin %in% seq_len(known))
  if (!numbers) {
    allowed <- if (known == 2L) "1 (rows), 2 (columns) or c(1, 2) (entries)" else sprintf("numbers from 1 to %d", known)
    abort_input(sprintf("MARGIN must be %s, or names of dimensions, not %s", allowed, describe(margin)), call)
  }
  if (anyDuplicated(margin)) abort_input("MARGIN names a dimension more than once", call)
  as.integer(margin)
}

shape_by <- function(array, margin) {
  dim <- array$dim[margin]
  left <- array$dim[-margin]
  inner <- array$dimnames[-margin]
  list(
    margin = margin, outer = array$dimnames[margin], inner = inner, dim = if (length(margin) != 1L) dim,
    cell = if (length(left) > 1L) list(dim = left, dimnames = inner)
  )
}

# The elements as an input: the rows or columns of a matrix as it is; else the array is turned so that each element is a column. `element` as in
# memControl().
cells_of <- function(array, margin, element, call) {
  if (isTRUE(array$sparse)) {
    if (length(margin) == 1L) return(lines_of(array, margin, element, call))
    array$seen <- as.matrix(array$x)
  }
  if (length(array$dim) == 2L && length(margin) == 1L) return(slices(array, margin))
  if (is_pass(array$x)) {
    abort_input("X is a pass, whose MARGIN must be 1 (rows) or 2 (columns); memRun() it first, or use memLapply() for its entries", call)
  }
  x <- array$seen
  size <- prod(array$dim[margin])
  # Nothing to turn, and apply() must see the array as it is.
  if (size == 0) return(input_of(x))
  names <- array$dimnames[-margin]
  x <- aperm(x, c(seq_along(array$dim)[-margin], margin))
  dim(x) <- c(prod(array$dim[-margin]), size)
  if (length(names) == 1L && length(names[[1L]])) dimnames(x) <- list(names[[1L]], NULL)
  input <- input_of(x, "column", dim(x))
  input$what <- "cell"
  input
}

# The rows or columns of a matrix as an input.
slices <- function(matrix, margin) {
  input <- input_of(matrix$x, if (margin == 1L) "row" else "column", matrix$dim)
  if (!is.null(matrix$type)) input$of <- kind_of_slices(matrix$type, input)
  input
}
