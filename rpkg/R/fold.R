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

# What combines travels twice: for the folds, and for the last step, which knows init.
fold_payloads <- function(fun, dots, init, control, capture, call) {
  travel <- function(step, dots, capture) build_payload(step, list(dots = dots), capture, control, call)
  list(
    travel(fold_values, c(list(.f = fun), dots), capture), travel(finish_fold, c(list(.f = fun, .init = init), dots), new_capture())
  )
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
