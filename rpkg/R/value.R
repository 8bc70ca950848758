# What the value of a pass is: its shape before it ran, and the value itself made from the results of its elements.

# "list": one item an element. "vector": FUN.VALUE of one value. "array": FUN.VALUE of several; its dim. "one": what a fold
# gives. "unknown": simplify, or what combines the results of blocks, decides when it sees the results.
shape_of <- function(pass) {
  if (pass$verb %in% one_value || is.function(pass$combine)) return("one")
  if (!is.null(pass$combine)) return("unknown")
  if (pass$verb == "outer") return("array")
  template <- pass$control$FUN.VALUE
  if (!is.null(template)) {
    if (is_single(template) && is.null(pass$shape$dim)) return("vector")
    return(if (is.null(pass$filter)) "array" else "unknown")
  }
  if (isFALSE(pass$control$simplify)) "list" else "unknown"
}

# The verbs that give one value.
one_value <- c("reduce", "do")

is_single <- function(template) length(template) == 1L && is.null(dim(template))

# The dim of an "array": the template's, and the elements, or MARGIN's dimensions.
array_dim <- function(pass) {
  if (pass$verb == "outer") return(pass$shape$dim)
  template <- pass$control$FUN.VALUE
  inside <- if (is_single(template) && !is.null(pass$shape$dim)) NULL else if (is.null(dim(template))) length(template) else dim(template)
  c(inside, if (is.null(pass$shape$dim)) pass$n else pass$shape$dim)
}

# Whether the results are the items of the value, one by one.
is_itemwise <- function(pass) shape_of(pass) == "list" && pass$control$on_error != "collect" && is.null(pass$shape$dim)

# Whether they are the value as they come from native code: what tapply() gives has a dim, and a filter leaves some out.
is_plain <- function(pass) is_itemwise(pass) && is.null(pass$groups) && is.null(pass$filter)

# Whether the values are wanted as a packed vector where they can be.
mode_of <- function(pass) {
  if (shape_of(pass) %in% c("one", "list") || pass$verb == "outer") "list" else "vector"
}

# What finish_value() must know of a pass: small, for it travels to workers too. Of the dimnames along an element it needs the length and
# the title of the first; the names of the elements of one dimension come with the results.
how_of <- function(pass) {
  shape <- pass$shape[c("outer", "inner", "dim")]
  if (is.null(shape$dim) && !is.null(shape$outer)) shape$outer[1L] <- list(NULL)
  if (!is.null(shape$inner)) shape$inner <- lapply(utils::head(shape$inner, 1L), seq_along)
  list(
    verb = pass$verb, simplify = pass$control$simplify, FUN.VALUE = pass$control$FUN.VALUE, shape = shape, unit = pass$unit,
    groups = pass$groups, combine = if (is.function(pass$combine)) "fold" else pass$combine, filtered = !is.null(pass$filter)
  )
}

# From results, list(values, k, n), to the value of the call.
finish_value <- function(how, results, names, call) {
  if (isTRUE(how$filtered)) return(finish_filtered(how, results, names, call))
  if (how$verb %in% c(one_value, "outer") || identical(how$combine, "fold")) return(results$values[[1L]])
  if (!is.null(how$combine)) return(combined_at_once(results, how$combine))
  if (!is.null(how$groups)) return(by_group(results, how, call))
  shape <- how$shape
  if (!is.null(how$FUN.VALUE)) {
    values <- simplify_vapply(results, names, how$FUN.VALUE, call)
    return(if (is.null(shape$dim)) values else typed_by_margin(values, shape, how$FUN.VALUE))
  }
  if (isFALSE(how$simplify)) return(if (is.null(shape$dim)) named(results$values, names) else by_margin(results$values, shape))
  if (how$verb != "apply") return(simplify_sapply(results, names, how$simplify))
  if (is.null(shape$dim) && !is.null(shape$outer)) shape$outer[1L] <- list(names)
  simplify_apply(results, results$n, shape)
}

# The value of what a filter left.
finish_filtered <- function(how, results, names, call) {
  how$filtered <- FALSE
  kept <- without_marks(results, names)
  value <- finish_value(how, kept$results, kept$names, call)
  # As a part of something with names has names.
  if (!kept$results$n && !is.null(names) && is.null(dim(value))) names(value) <- character()
  value
}

# Names that nobody knows yet cannot be given.
check_late <- function(late, call) {
  if (!isTRUE(late)) return(invisible())
  abort_input(
    paste(
      "X is a pass that gives strings without names, and the value would be named by those strings, which are not known before it",
      "ran; give the elements of that pass names, or leave simplify and FUN.VALUE out here"
    ), call
  )
}

# Runs on a worker, as FUN of the pass between one with FUN.VALUE of one value and what takes its values one by one: the result
# as vapply() would store it.
check_value <- function(.value, .template) {
  if (typeof(.value) == typeof(.template) && length(.value) == 1L && is.null(attributes(.value)) && !is.object(.template)) return(.value)
  simplify_vapply(list(values = list(.value), k = NULL, n = 1), NULL, .template, NULL)
}

# Runs on a worker, as FUN of the pass that brings the results of another together: its element is all of them, as finish_value() takes them, with their names.
# `rows`: somebody walks the value's rows, whose names must be known before.
bind_values <- function(.results, .how, .collect, .rows) {
  names <- .results$names
  results <- .results
  if (.collect) results$values <- collected(results$values, names, NULL, unit = .how$unit)
  value <- finish_value(.how, results, names, NULL)
  if (.rows && !is.null(rownames(value)) && is.null(.how$shape$dim) && is.null(names(.how$FUN.VALUE)) && is.null(dim(.how$FUN.VALUE))) {
    abort("value", "the results have names and become the rows of a matrix, but FUN.VALUE has no names: name it, or unname() the results")
  }
  value
}

# on_error = "collect": the failed elements' conditions learn which element they are, and a warning counts them.
collected <- function(values, names, call, prefix = "", unit = "element") {
  if (!is.list(values)) return(values)
  failed <- which(vapply(values, inherits, NA, "memshare_error_element"))
  for (i in failed) values[[i]] <- element_error_at(values[[i]], i, name_of(names, i), unit)
  if (length(failed)) {
    text <- sprintf("%sFUN failed at %d of %d %ss, first at %s", prefix, length(failed), length(values), unit,
                    element_label(failed[[1L]], name_of(names, failed[[1L]]), unit))
    warning(memshare_condition("warning", "collected", text, failed = failed, call = call))
  }
  values
}

name_of <- function(names, index) if (length(names) && length(index) == 1L && !is.na(index)) names[[index]]
