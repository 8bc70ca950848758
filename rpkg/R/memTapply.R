# tapply on shared memory.

#' Apply a function over groups of a vector's elements or a data frame's rows
#'
#' `memTapply()` gives what [tapply()] gives: FUN is called for each group of elements that have the same levels in INDEX. `X` is shared
#' once; a group is the set of its positions, and a worker takes the elements out of `X` when it calls FUN. Of a data frame (or a data.table, or a
#' tibble) FUN receives the rows.
#'
#' Elements whose INDEX is `NA` belong to no group, as in `tapply()`. FUN is not called for combinations of levels that do not occur.
#'
#' @inherit memLapply sections
#' @inheritParams memLapply
#' @param X A vector, a list or a data frame; a pass; or one string, the name of a registered variable, which needs `NAMESPACE`.
#' @param INDEX A factor, or a list of factors, as long as `X` (or as its rows); what is none is made one by [as.factor()]. With `NAMESPACE` also
#'   the name of a registered one. Where `X` is a data frame also a formula, `~ g + h`.
#' @param default What stands for combinations of levels that do not occur, where the value is simplified.
#' @param simplify `TRUE`: where all results are single values, the value is an array of them. `FALSE`: an array of mode list. (This setting of
#'   [memControl()] does not apply.)
#' @return What `tapply()` gives: an array with the levels of INDEX as dimnames. With `FUN.VALUE` of [memControl()], one value, each result is
#'   checked, and as `X` of another call its elements are known before it ran.
#' @seealso [memBy()], [memLapply()], [memBlocks()]
#' @examples
#' memTapply(iris$Sepal.Length, iris$Species, mean, MAX.CORES = 2)
#' memTapply(warpbreaks$breaks, warpbreaks[-1], sum, MAX.CORES = 2)
#' memTapply(iris, ~ Species, function(rows) cor(rows[[1]], rows[[2]]), MAX.CORES = 2)
#'
#' registerVariables("demo", list(x = iris$Sepal.Length, g = iris$Species))
#' memTapply("x", "g", quantile, NAMESPACE = "demo", MAX.CORES = 2, probs = c(0.1, 0.9))
#' releaseVariables("demo", c("x", "g"))
#' @export
memTapply <- function(X, INDEX, FUN, NAMESPACE = NULL, VARS = NULL, MAX.CORES = NULL, CLUSTER = NULL, ..., default = NA, simplify = TRUE,
                      CONTROL = memControl()) {
  asked <- begin_verb(environment(), sys.call(), parent.frame(), c(X = missing(X), INDEX = missing(INDEX), FUN = missing(FUN)), c("X", "INDEX"))
  asked$control <- group_control(asked$control, simplify, asked$call)
  data <- grouped_data(X, asked$namespace, asked$given, asked$call)
  index <- index_of(INDEX, data$seen, asked$namespace, asked$given, asked$call)
  end_verb("tapply", group_elements(data, substitute(X), index, list(default = default), asked$call), asked)
}
