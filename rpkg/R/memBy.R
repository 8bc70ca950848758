# by on shared memory.

#' Apply a function over groups of a data frame's rows
#'
#' `memBy()` gives what [by()] gives: FUN is called with the rows of each group, as a data frame. The data frame (or data.table, or tibble) is
#' shared once; a group is the set of its rows, and a worker takes them out when it calls FUN.
#'
#' @inherit memTapply details
#' @inherit memLapply sections
#' @inheritParams memTapply
#' @param data A data frame, or what [as.data.frame()] makes one, as a matrix; or one string, the name of a registered data frame, which needs
#'   `NAMESPACE`.
#' @param INDICES A factor, or a list of factors, as long as `data` has rows; what is none is made one. With `NAMESPACE` also the name of a
#'   registered one. Or a formula, `~ g + h`.
#' @return What `by()` gives: an array with the levels of INDICES as dimnames, of class `by`, whose attribute `call` is the call.
#' @seealso [memTapply()], [memLapply()]
#' @examples
#' memBy(warpbreaks[, 1:2], warpbreaks[, "tension"], summary, MAX.CORES = 2)
#' fit <- function(d) lm(Sepal.Length ~ Sepal.Width, data = d)
#' fits <- memBy(iris, iris$Species, fit, MAX.CORES = 2)
#' sapply(fits, coef)
#' @export
memBy <- function(data, INDICES, FUN, NAMESPACE = NULL, VARS = NULL, MAX.CORES = NULL, CLUSTER = NULL, ..., simplify = TRUE,
                  CONTROL = memControl()) {
  asked <- begin_verb(environment(), sys.call(), parent.frame(), c(data = missing(data), INDICES = missing(INDICES), FUN = missing(FUN)), c("data", "INDICES"))
  asked$control <- group_control(asked$control, simplify, asked$call)
  found <- grouped_frame(data, asked$namespace, asked$given, asked$call)
  index <- index_of(INDICES, found$seen, asked$namespace, asked$given, asked$call)
  # by() calls one that is no list by its code, or, where it made the data frame itself, by the name of its own argument.
  own <- !is.data.frame(data) && length(dim(data))
  if (!is.list(INDICES) && is.null(names(index))) names(index) <- if (own) "INDICES" else deparse(substitute(INDICES))[[1L]]
  end_verb("by", group_elements(found, substitute(data), index, list(default = NA, call = match.call()), asked$call), asked)
}

# The data of by() as a data frame; what has no dim becomes one of one column, of which by() gives the items.
grouped_frame <- function(data, namespace, given, call) {
  found <- grouped_data(data, namespace, given, call)
  if (is.data.frame(found$seen)) return(found)
  if (is.null(found$seen)) abort_input("data is a pass, which is no data frame; memRun() it first", call)
  frame <- tryCatch(as.data.frame(found$seen), error = function(e) {
    abort_input(sprintf("Unknown input format for data: a data frame is needed, not %s", describe(found$seen)), call)
  })
  grouped_data(if (length(dim(found$seen))) frame else frame[[1L]], namespace, FALSE, call)
}
