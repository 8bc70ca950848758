# A fold of values in a fixed tree: blocks of 16, from left to right, level by level.

# The values that are folded at a time.
fold_width <- 16

# How many levels of the tree are folded where the values are: enough work for all workers must be left, and few enough results
# for the last step.
fold_levels <- function(n, workers) {
  levels <- 0
  if (n / fold_width >= 8 * workers) levels <- 1
  while (levels > 0 && n / fold_width^levels >= 32 * workers) levels <- levels + 1
  levels
}

# FUN travels twice: for the folds, and for the last step, which knows init.
fold_payloads <- function(pass, capture, call) {
  travel <- function(fun, dots, capture) build_payload(fun, list(dots = dots), capture, pass$control, call)
  pass$fold <- travel(fold_values, c(list(.f = pass$fun), pass$dots), capture)
  pass$payload <- travel(finish_fold, c(list(.f = pass$fun, .init = pass$init), pass$dots), new_capture())
  pass
}

# One block: at most 16 values from left to right.
fold_values <- function(.values, .f, ...) {
  f <- if (...length()) function(a, b) .f(a, b, ...) else .f
  Reduce(f, .values)
}

# The rest of the tree, and init.
finish_fold <- function(.values, .f, .init, ...) {
  .values <- unname(.values)
  while (length(.values) > 1L) {
    block <- (seq_along(.values) - 1L) %/% fold_width
    .values <- unname(lapply(split(.values, block), fold_values, .f, ...))
  }
  if (is.null(.init)) .values[[1L]] else .f(.init[[1L]], .values[[1L]], ...)
}
