# Groups: the elements or rows of a variable that belong together. FUN's element is a *row set*, the numbers of a group's rows; the variable is
# shared once, and a worker takes the rows out of it for the call (parts_of() in calling.R).
#
# The `groups` of a pass: `index`, the factors of one row of each group, by which the results find their places; `default`, of tapply(); `call`,
# of by(), or NULL; `extent`, how many elements or rows the variable has.

# INDEX as a list: as it is, the variables of a formula, or what a registered name stands for.
index_of <- function(index, data, namespace, given, call) {
  if (is_pass(index)) abort_input("INDEX is a pass, which has not run; memRun() it first", call)
  if (is_name(index) && given) index <- peek(registered_name(index, namespace, given, call), call)
  if (inherits(index, "formula")) return(formula_index(index, data, call))
  if (is.list(index)) index else list(index)
}

# The variables on the right of a formula, named by their code.
formula_index <- function(formula, data, call) {
  if (!is.data.frame(data)) abort_input("a formula as INDEX needs data that is a data frame", call)
  if (length(formula) != 2L) abort_input("a formula as INDEX has nothing on its left, as in ~ g", call)
  variables <- attr(stats::terms(formula), "variables")
  index <- eval(variables, data, environment(formula))
  stats::setNames(index, vapply(as.list(variables)[-1L], deparse1, ""))
}

# The groups that INDEX makes of so many rows: their row sets, the factors of one row of each, labels, and the dim and dimnames that results
# by all combinations of levels have.
groups_of <- function(index, extent, call) {
  if (!length(index)) abort_input("INDEX has no factor: give one, or a list of them", call)
  factors <- lapply(index, factor_of, call)
  wrong <- lengths(factors) != extent
  if (any(wrong)) {
    abort_input(
      sprintf("arguments must have same length: the data has %.0f, but a factor of INDEX %.0f", extent, lengths(factors)[wrong][[1L]]), call
    )
  }
  outer <- lapply(factors, levels)
  dim <- lengths(outer, use.names = FALSE)
  if (prod(dim) > .Machine$integer.max) abort_input("INDEX makes 2^31 groups or more (total number of levels >= 2^31): give fewer factors, or interaction(..., drop = TRUE)", call)
  # Without FUN it gives the number of each row's combination.
  cell <- tapply(seq_len(extent), factors)
  there <- tabulate(cell, prod(dim)) > 0L
  group <- structure(cumsum(there)[cell], levels = as.character(seq_len(sum(there))), class = "factor")
  rows <- unname(split(seq_len(extent), group))
  index <- lapply(factors, `[`, vapply(rows, `[[`, 0L, 1L))
  list(rows = rows, index = index, labels = group_labels(index), dim = dim, outer = outer, all = all(there))
}

factor_of <- function(values, call) {
  made <- tryCatch(as.factor(values), error = function(e) NULL)
  if (is.null(made)) abort_input(sprintf("INDEX must be a factor or a list of factors, and %s cannot be made one", describe(values)), call)
  made
}

# "setosa"; of several factors "wool: A, tension: L".
group_labels <- function(index) {
  said <- lapply(index, as.character)
  if (length(said) == 1L) return(said[[1L]])
  titles <- names(said)
  if (!is.null(titles)) said <- Map(function(title, label) if (nzchar(title)) paste0(title, ": ", label) else label, titles, said)
  do.call(paste, c(unname(said), sep = ", "))
}

# How many elements or rows the data of a call has, and the data as an input of its groups.
grouped_data <- function(x, namespace, given, call) {
  seen <- x
  refuse_filtered(x, "X", call)
  if (is_pass(x)) return(list(input = shared_input(x), seen = NULL, extent = items_of_pass(x, "X", call)$n))
  if (is_name(x) && given) {
    name <- registered_name(x, namespace, given, call)
    seen <- peek(name, call)
    x <- by_name(name)
  }
  usable <- is.atomic(seen) || is.list(seen) || is.object(seen) && !is.function(seen) && !is.environment(seen)
  if (!usable || is.null(seen)) {
    abort_input(sprintf("Unknown input format for X: a vector, a data frame or the name of a registered one is needed, not %s", describe(seen)), call)
  }
  list(input = shared_input(x, length(seen)), seen = seen, extent = extent_of(seen))
}

# The data of groups as an input; `items`, how many it has now, which counts where it is given by name.
shared_input <- function(x, items = NULL) {
  input <- input_of(x, "shared")
  input$side <- ".data"
  input$items <- items
  input
}

# What a pass over groups goes over. `value`: default and call, see above.
group_elements <- function(data, expression, index, value, call) {
  made <- groups_of(index, data$extent, call)
  n <- length(made$rows)
  rows <- looked_at(input_of(made$rows), made$rows)
  rows$said <- "row sets"
  # Where each combination of levels is a group, and there is one factor, the results are the items of the value.
  shape <- list(outer = made$outer, dim = if (length(made$dim) > 1L || !made$all) made$dim)
  pass_elements(
    list(rows, called(data$input, expression)), n, made$labels, if (n > 0) made$labels,
    shape = shape, unit = "group", groups = c(list(index = made$index, extent = data$extent), value)
  )
}

# The settings of a pass over groups: what simplifies is an argument of the verb, as it is of tapply() and by().
group_control <- function(control, simplify, call) {
  control$simplify <- check_flag(simplify, "simplify", call)
  template <- control$FUN.VALUE
  if (is.null(template)) return(control)
  if (!is_single(template)) abort_input(sprintf("FUN.VALUE must be one value for each group, not %s", describe(template)), call)
  if (!simplify) abort_input("simplify = FALSE and memControl(FUN.VALUE = ) contradict each other: give one of them", call)
  control
}
