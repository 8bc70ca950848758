# What a pass is in R, and what it reads.

# Whoever takes a pass for data is told what it is.
not_data <- function(what, call = NULL) {
  abort_input(sprintf("%s: this is a pass, which has not run and holds no data yet; memRun() it first", what), call)
}

# What the user has of a pass is an environment and no list: R refuses to loop over it.
wrap <- function(pass) {
  wrapping <- new.env(hash = FALSE, parent = emptyenv())
  assign("pass", list2env(pass, parent = emptyenv()), envir = wrapping)
  class(wrapping) <- "memshare_pass"
  wrapping
}

# The pass in its wrapping, or the plan or the run in theirs. Where FUN met one in its surroundings there is nothing inside.
unwrap_pass <- function(x) {
  within <- .subset2(x, if (is.environment(x)) "pass" else 1L)
  if (is.null(within)) not_data("here")
  within
}

# Of an S4 object inherits() would load the package that defines its class.
is_pass <- function(x) is.environment(x) && inherits(x, "memshare_pass")

# An input: a source, and how it is cut.
input_of <- function(source, cut = "item", dim = NULL) list(cut = cut, source = source, dim = dim, said = "")

# The same input, with the name of the variable that it was given by, or the code.
called <- function(input, expression) {
  if (is.symbol(expression)) input$said <- as.character(expression) else if (is_short_code(expression)) input$code <- expression
  input
}

# Data may stand in a call too, as do.call() writes it.
is_short_code <- function(expression) is.call(expression) || is.atomic(expression) && length(expression) == 1L

# What the data of an input is called: as it was given, else by the pass that reads it.
name_of_input <- function(input, label) {
  if (nzchar(input$said)) return(input$said)
  if (is.null(input$code)) return(paste("X of", label))
  short_text(trimws(deparse(input$code, nlines = 1L)[[1L]]), 30L)
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
  if (!is.null(pass$filter) && pass$control$on_error == "collect") {
    abort_input(sprintf(
      "%s is a pass after memFilter() with on_error = \"collect\", whose length is known only when it has run; give it in VARS, or memRun() it first", what
    ), call)
  }
  switch(shape,
    list = list(
      x = input_of(x, if (is_itemwise(pass)) "each" else "item"), n = if (is.null(pass$shape$dim)) pass$n else prod(pass$shape$dim),
      names = if (is.null(pass$shape$dim)) pass$value_names, labels = if (is.null(pass$shape$dim)) pass$value_names
    ),
    vector = list(
      x = input_of(x, if (pass$control$on_error == "collect") "item" else "each"), n = pass$n, names = pass$value_names,
      labels = pass$value_names, late = late
    ),
    array = list(x = input_of(x), n = prod(array_dim(pass)), names = NULL, labels = NULL, late = late),
    one = abort_input(
      sprintf("%s is the one value of %s, whose length is not known before it ran; give it in VARS", what, folded_by(pass)), call
    ),
    unknown = abort_input(
      sprintf("%s is a pass with %s, whose value has no known shape before it ran; %s", what, unshaped_by(pass), shaped_by(pass)), call
    )
  )
}

# What a verb is called.
spoken_verb <- function(pass) {
  c(
    apply = "memApply", lapply = "memLapply", mapply = "memMapply", reduce = "memReduce", blocks = "memBlocks", tapply = "memTapply",
    by = "memBy", do = "memDo", fold = "memReduce", outer = "memOuter",
    filter = "memFilter"
  )[[pass$verb]]
}

# Whether a name of ours stands for an argument that has none.
is_numbered <- function(name) grepl("^argument [0-9]+$", name)

# "memApply over the columns of X with f()"; a step is of its arguments.
pass_words <- function(pass, over, fun) {
  if (pass$verb == "do") over <- names(pass$arguments)
  joined <- paste(over, collapse = " and ")
  paste0(spoken_verb(pass), if (nzchar(joined)) paste(if (pass$verb %in% c("reduce", "fold", "do")) " of" else " over", joined), " with ", fun)
}

# What made one value of the results of a pass.
folded_by <- function(pass) if (pass$verb == "blocks") "memBlocks(combine = )" else paste0(spoken_verb(pass), "()")

# What is why the shape of a pass's value is not known, and what to do.
unshaped_by <- function(pass) {
  if (!is.null(pass$filter) && isFALSE(pass$control$simplify)) return("FUN.VALUE of several values after memFilter()")
  if (is.null(pass$combine)) "simplify = TRUE" else sprintf("combine = %s", pass$combine)
}

shaped_by <- function(pass) {
  if (!is.null(pass$filter) && isFALSE(pass$control$simplify)) return("give it in VARS, or memRun() it first")
  if (!is.null(pass$combine)) return("leave combine out, or memRun() it first")
  if (!is.null(pass$groups)) return("say simplify = FALSE, give it FUN.VALUE, or memRun() it first")
  "leave simplify out of its memControl(), give it FUN.VALUE, or memRun() it first"
}

# The matrix that a pass gives, as array_of() describes one.
matrix_of_pass <- function(x, call) {
  pass <- unwrap_pass(x)
  shape <- shape_of(pass)
  dim <- if (shape == "array") array_dim(pass)
  if (length(dim) != 2L) {
    what <- c(
      list = "a list", vector = "a vector", one = paste("the one value of", folded_by(pass)),
      array = sprintf("an array of %d dimensions", length(dim)),
      unknown = sprintf("of no known shape before it ran (%s)", unshaped_by(pass))
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
