# What a pass is in R, and what it reads.

# Whoever takes a pass for data is told what it is.
not_data <- function(what, call = NULL) {
  abort_input(sprintf("%s: this is a pass, which has not run and holds no data yet; memRun() it first", what), call)
}

wrap <- function(pass) structure(list(list2env(pass, parent = emptyenv())), class = "memshare_pass")

# The pass in its wrapping, or the plan or the run in theirs. Where FUN met one in its surroundings there is nothing inside.
unwrap_pass <- function(x) {
  within <- .subset2(x, 1L)
  if (is.null(within)) not_data("here")
  within
}

is_pass <- function(x) inherits(x, "memshare_pass")

# An input: a source, and how it is cut.
input_of <- function(source, cut = "item", dim = NULL) list(cut = cut, source = source, dim = dim, said = "")

# The same input, with the name of the variable that it was given by.
called <- function(input, expression) {
  if (is.symbol(expression)) input$said <- as.character(expression)
  input
}

# The passes that a pass reads.
sources_of <- function(pass) {
  if (!pass$passes) return(list())
  sources <- c(lapply(pass$inputs, `[[`, "source"), pass$vars)
  lapply(sources[vapply(sources, is_pass, NA)], unwrap_pass)
}

# The element names of an input that is a pass, and how its elements are cut. `late`: the names that sapply() would give are the
# strings of the value, which are known only after the run.
items_of_pass <- function(x, what, call) {
  pass <- unwrap_pass(x)
  shape <- shape_of(pass)
  late <- is.character(pass$control$FUN.VALUE) && is.null(pass$value_names)
  switch(shape,
    list = list(
      x = input_of(x, if (is_plain(pass)) "each" else "item"), n = pass$n, names = pass$value_names, labels = pass$value_names
    ),
    vector = list(
      x = input_of(x, if (pass$control$on_error == "collect") "item" else "each"), n = pass$n, names = pass$value_names,
      labels = pass$value_names, late = late
    ),
    array = list(x = input_of(x), n = prod(array_dim(pass)), names = NULL, labels = NULL, late = late),
    one = abort_input(
      sprintf("%s is the one value of memReduce(), whose length is not known before it ran; give it in VARS", what), call
    ),
    unknown = abort_input(
      sprintf(
        "%s is a pass with simplify = TRUE, whose value has no known shape before it ran; %s", what,
        "leave simplify out of its memControl(), give it FUN.VALUE, or memRun() it first"
      ), call
    )
  )
}

# The matrix that a pass gives, as array_of() describes one.
matrix_of_pass <- function(x, call) {
  pass <- unwrap_pass(x)
  shape <- shape_of(pass)
  dim <- if (shape == "array") array_dim(pass)
  if (length(dim) != 2L) {
    what <- c(
      list = "a list", vector = "a vector", one = "the one value of memReduce()", array = sprintf("an array of %d dimensions", length(dim)),
      unknown = "of no known shape before it ran (simplify = TRUE)"
    )[[shape]]
    abort_input(
      sprintf(
        "X is a pass whose value is %s, and memApply() needs a matrix: give it memControl(FUN.VALUE = ) of more than one value", what
      ), call
    )
  }
  template <- pass$control$FUN.VALUE
  if (!is.null(pass$shape$dim)) return(list(x = x, dim = dim, dimnames = pass$shape$outer))
  rows <- if (is.null(dim(template))) names(template) else dimnames(template)[[1L]]
  dimnames <- if (!is.null(rows) || !is.null(pass$value_names)) list(rows, pass$value_names)
  list(x = x, dim = dim, dimnames = dimnames)
}

# The place of a pass in the order, or 0.
place_of <- function(pass, order) {
  for (i in seq_along(order)) if (identical(order[[i]], pass)) return(i)
  0L
}
