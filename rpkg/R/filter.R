# Passes whose length is known only when they have run. What memFilter() leaves out keeps its number, with a mark in its place (marks.R), so
# a pass of unknown length runs as one of known length does.
#
# The `filter` of a pass: what tells whose marks its results have, or NULL. `marked`: whether its elements may be marks.

# The filter that the elements of some inputs went through; NULL where there is none.
filter_of <- function(inputs) {
  for (input in inputs) {
    if (input$cut != "each" || !is_pass(input$source)) next
    found <- unwrap_pass(input$source)$filter
    if (!is.null(found)) return(found)
  }
  NULL
}

# Whoever must know how many elements a pass has says so.
refuse_filtered <- function(x, what, call) {
  if (!is_pass(x) || is.null(unwrap_pass(x)$filter)) return(invisible())
  abort_input(sprintf(
    "%s is a pass after memFilter(), whose length is known only when it has run; give it in VARS, to memDo(), or memRun() it first", what
  ), call)
}

# Collections in step that went through a filter: all through the same one, but for single values.
check_in_step <- function(items, arguments, call) {
  filters <- lapply(items, function(item) filter_of(list(item$x)))
  marked <- !vapply(filters, is.null, NA)
  if (!any(marked)) return(invisible())
  same <- vapply(filters, identical, NA, filters[[which(marked)[[1L]]]])
  free <- vapply(items, function(item) isTRUE(item$fixed) && item$n == 1, NA)
  wrong <- which(!same & !free)
  if (!length(wrong)) return(invisible())
  at <- wrong[[1L]]
  abort_input(sprintf(
    "collection %s did not go through the same memFilter() as the others, so their elements do not meet: filter them together, or give it in VARS",
    if (nzchar(arguments[[at]])) sprintf("'%s'", arguments[[at]]) else paste("number", at)
  ), call)
}
