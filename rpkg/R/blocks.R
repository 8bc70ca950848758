# How memBlocks() cuts a matrix, and how the results of its blocks are combined.

# The bytes of a block where nobody says how large it is to be.
block_bytes <- 2^20

# X as array_of() describes one; a matrix.
matrix_of <- function(x, namespace, given, call) {
  matrix <- array_of(x, namespace, given, call)
  if (length(matrix$dim) != 2L) {
    abort_input(sprintf("X must be a matrix, not an array of %d dimensions", length(matrix$dim)), call)
  }
  matrix
}

# The blocks of a matrix: the input, how many there are, and what errors call them.
# Those of a sparse matrix are of the size that dense ones have: the default must not depend on what is in it.
blocks_of <- function(matrix, margin, size, call) {
  what <- c("row", "column")[[margin]]
  input <- if (isTRUE(matrix$sparse)) lines_of(matrix, margin, "block", call) else input_of(matrix$x, what, matrix$dim)
  type <- if (!is.null(input$type)) input$type else if (is_pass(matrix$x)) typeof(unwrap_pass(matrix$x)$control$FUN.VALUE) else typeof(matrix$seen)
  all <- matrix$dim[[margin]]
  if (is.null(size)) size <- floor(block_bytes / max(1, bytes_of_items(type, matrix$dim[[3L - margin]])))
  input$size <- min(max(1, size), max(1, all))
  input$cut <- paste(what, "block")
  if (is.null(input$of)) input$of <- kind_of_slices(type, input)
  n <- ceiling(all / input$size)
  list(input = input, n = n, names = block_names(what, n, input$size, all))
}

# "columns 101 to 200".
block_names <- function(what, n, size, all) {
  if (n == 0) return(NULL)
  if (size == 1) return(sprintf("%s %.0f", what, seq_len(n)))
  from <- (seq_len(n) - 1) * size + 1
  to <- pmin(from + size - 1, all)
  ifelse(from == to, sprintf("%s %.0f", what, from), sprintf("%ss %.0f to %.0f", what, from, to))
}

# What `combine` says: NULL; the name of a function of base R that takes all results at once; or an associative function of two.
combine_of <- function(combine, control, caller, call) {
  if (is.null(combine)) return(NULL)
  fun <- resolve_function(combine, caller, call, "combine")
  refused <- c("simplify", "FUN.VALUE")[c(!isFALSE(control$simplify), !is.null(control$FUN.VALUE))]
  if (length(refused)) abort_input(sprintf("combine and memControl(%s = ) both say what becomes of the results: give one of them", refused[[1L]]), call)
  if (control$on_error == "collect") {
    abort_input("with memControl(on_error = \"collect\") the conditions of failed blocks are among the results, and cannot be combined: leave combine out", call)
  }
  for (name in c("c", "rbind", "cbind")) if (identical(fun, get(name, envir = baseenv()))) return(name)
  fun
}
