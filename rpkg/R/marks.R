# The mark that stands on workers in place of an element that memFilter() left out: from the filter through all that reads it element by
# element. Whoever has the whole value drops the marks.

# The mark.
left_out <- structure(list(), class = "memshare_left_out")

is_left_out <- function(x) inherits(x, "memshare_left_out")

# Runs on a worker, in place of the predicate.
filter_element <- function(.value, ..., .f) {
  keep <- as.logical(.f(.value, ...))
  if (length(keep) != 1L) stop(sprintf("FUN must give TRUE or FALSE, not %s", describe(keep)), call. = FALSE)
  if (isTRUE(keep)) .value else left_out
}

# The results that were kept, and their names.
without_marks <- function(results, names) {
  values <- as_result_list(results)
  kept <- !vapply(values, is_left_out, NA)
  list(results = list(values = values[kept], k = NULL, n = sum(kept)), names = if (length(names)) names[kept])
}

# The same where only that is wanted.
is_kept <- function(.value, ..., .f) !is_left_out(filter_element(.value, ..., .f = .f))
