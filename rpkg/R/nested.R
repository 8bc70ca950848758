# Values that are nested so deep that R has no stack to walk through them: lists in lists, calls in calls, environments that lead to each
# other. serialize() writes many that unserialize() cannot read; that does not look, and ends the script.

# What unserialize() takes of the C stack for each level, at most; it is 320 bytes in a usual build of R. test-nested.R measures it.
bytes_per_level <- 448

# Called by native code for a stream that is about to be read, or was written for other processes, which have as much stack as this one.
check_levels <- function(levels) {
  stack <- Cstack_info()
  # The calls around it, and what reads its parts.
  room <- stack[["size"]] - stack[["current"]] - 2e5
  if (!is.na(room) && levels * bytes_per_level > room) stop(nested_condition(levels, room %/% bytes_per_level))
}

nested_condition <- function(levels = NULL, most = NULL) {
  how <- if (is.null(levels)) "too deep" else sprintf("%.0f levels deep, and can be some %.0f", levels, most)
  text <- paste0(
    "a value is nested ", how, " (lists in lists, calls in calls, environments that lead to each other): R's C stack is too small ",
    "for it; use fewer levels, or start R with a larger stack (ulimit -s)"
  )
  memshare_condition("error", "nested", text, levels = levels)
}

# Runs code that walks through the user's values.
within_stack <- function(code, call = NULL) {
  tryCatch(code, stackOverflowError = function(e) {
    condition <- nested_condition()
    condition["call"] <- list(call)
    stop(condition)
  })
}
