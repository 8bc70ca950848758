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

# What combines travels twice: for the folds, and for the last step, which knows init. `steps` are the functions for both.
fold_payloads <- function(fun, given, steps, control, capture, call) {
  dots <- given$dots
  travel <- function(step, dots, capture) build_payload(step, list(dots = dots), capture, control, call)
  list(
    travel(steps$block, c(list(.f = fun), dots), capture),
    travel(steps$last, c(list(.f = fun, .init = given$init), dots), new_capture())
  )
}

# One block: at most 16 values from left to right.
fold_values <- function(.values, .f, ...) {
  f <- if (...length()) function(a, b) .f(a, b, ...) else .f
  Reduce(f, .values)
}

# The rest of the tree, and init.
finish_fold <- function(.values, .f, .init, ...) {
  value <- top_of_tree(.values, fold_values, .f, ...)
  if (is.null(.init)) value else .f(.init[[1L]], value, ...)
}

top_of_tree <- function(.values, .block, .f, ...) {
  .values <- unname(.values)
  while (length(.values) > 1L) {
    block <- (seq_along(.values) - 1L) %/% fold_width
    .values <- unname(lapply(split(.values, block), .block, .f, ...))
  }
  .values[[1L]]
}

# The same where a filter left values out: of a block of which nothing was kept, nothing comes.
fold_kept <- function(.values, .f, ...) {
  .values <- .values[!vapply(.values, is_left_out, NA)]
  if (length(.values)) fold_values(.values, .f, ...) else left_out
}

finish_kept <- function(.values, .f, .init, ...) {
  value <- top_of_tree(.values, fold_kept, .f, ...)
  if (is_left_out(value)) return(if (!is.null(.init)) .init[[1L]])
  finish_fold(list(value), .f, .init, ...)
}

plain_fold <- list(block = fold_values, last = finish_fold)
marked_fold <- list(block = fold_kept, last = finish_kept)
