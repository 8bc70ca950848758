# The value of a pass without elements.

# The value of a pass over nothing.
empty_value <- function(pass, call) {
  if (is.function(pass$combine)) return(NULL)
  if (pass$verb == "reduce") return(if (!is.null(pass$init)) pass$init[[1L]])
  if (pass$verb == "apply") return(empty_apply(pass, call))
  if (pass$verb == "outer") return(array(NA, pass$shape$dim, pass$shape$outer))
  value <- finish_value(how_of(pass), list(values = list(), k = NULL, n = 0), NULL, call)
  # sapply(), vapply() and mapply() name what an empty character vector gives.
  if (!is.null(pass$value_names) && is.null(dim(value)) && (is.list(value) || pass$verb != "mapply")) names(value) <- character()
  value
}

# No element: apply() asks FUN about one element of missing values what type its results have; so do we, in this session.
empty_apply <- function(pass, call) {
  control <- pass$control
  shape <- pass$shape
  if (!is.null(control$FUN.VALUE)) {
    values <- vapply(list(), identity, control$FUN.VALUE)
    return(if (is.null(shape$dim)) values else typed_by_margin(values, shape, control$FUN.VALUE))
  }
  if (isFALSE(control$simplify)) return(if (is.null(shape$dim)) list() else by_margin(list(), shape))
  input <- pass$inputs[[1L]]
  x <- if (is.null(input$sparse)) present_value(input$source, call) else empty_matrix(input)
  vars <- lapply(pass$vars, present_value, call)
  do.call(apply, c(list(x, shape$margin, pass$fun), lapply(pass$dots, argument_value), vars, pass$functions), quote = TRUE)
}

# A source's value in this session, where that needs no run.
present_value <- function(source, call) {
  if (inherits(source, "memshare_name")) return(peek(source, call))
  if (!is_pass(source)) return(source)
  pass <- unwrap_pass(source)
  if (pass$n > 0) {
    abort_input("X has no elements, so FUN is called once in this session to see what type its results have; it needs a pass that has not run: memRun() that pass first", call)
  }
  empty_value(pass, call)
}
