# Results by the dimensions of MARGIN.

# A list or vector of the results by MARGIN's dimensions, where those are not just one. `inside` are the dim and the dimnames within a result.
by_margin <- function(values, shape, inside = integer(), inside_names = NULL) {
  if (!length(inside)) return(array(values, shape$dim, shape$outer))
  names <- c(inside_names, if (is.null(shape$outer)) vector("list", length(shape$dim)) else shape$outer)
  array(values, c(inside, shape$dim), if (!is.null(names(names)) || !all(vapply(names, is.null, NA))) names)
}

# What FUN.VALUE makes of them: the dimensions of a result, then those of MARGIN.
typed_by_margin <- function(values, shape, template) {
  if (length(template) == 1L && is.null(dim(template))) return(by_margin(values, shape))
  inside <- dim(values)[-length(dim(values))]
  names <- dimnames(values)[seq_along(inside)]
  by_margin(values, shape, inside, if (is.null(names)) vector("list", length(inside)) else names)
}
