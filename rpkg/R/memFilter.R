# Filter on shared memory, and in chains: a pass whose length is known only when it has run.

#' Keep the elements for which a function says TRUE
#'
#' `memFilter()` gives what [Filter()] gives: the elements for which FUN gives `TRUE`, in their order and with their names. FUN is called on the
#' workers. An `NA` counts as `FALSE`.
#'
#' In a chain (see [memshare-pass]) nothing waits for the filter: a worker calls FUN for an element as soon as that is there, and takes it through
#' what reads the filter at once, or leaves it out. How many elements are kept is known only when the filter has run. So whatever reads it is
#' planned as if all were kept, and its value has as many elements as were:
#' \describe{
#'   \item{in `memLapply()` and `memFilter()`}{element by element; their values are as long as the filter's.}
#'   \item{in `memMapply()`}{beside passes that go back to the same filter, and beside single values.}
#'   \item{in `memReduce()`, `memDo()` and `VARS`}{its value, without what was left out. The tree of `memReduce()` is that of all elements, with those
#'     left out that the filter leaves out: it is the same for any number of workers.}
#' }
#' What has to know the number of elements before (`memTapply()`, `memReduce(by = )`, `memOuter()`, `memApply()`) cannot read it.
#'
#' Errors, warnings, streams of random numbers and `names()` in messages go by the elements of `X`, those that are left out counted too.
#'
#' @inherit memLapply sections
#' @inheritParams memLapply
#' @param X A list or vector; a pass; or one string, the name of a registered variable, which needs `NAMESPACE`.
#' @param FUN The predicate: a function that gives `TRUE` or `FALSE` for an element, or its name.
#' @param CONTROL How to run, made by [memControl()]. `simplify`, `FUN.VALUE` and `on_error` do not apply.
#' @return What `Filter()` gives: a list, or, of a vector or of a pass with `FUN.VALUE` of one value, a vector; of an object of another class (dates, a
#'   factor, a data frame) its part. A pass over such an object, and over a registered one, gives a list. Its `length()` as a pass is `NA`.
#' @seealso [memLapply()], [memReduce()], [memshare-pass]
#' @examples
#' memFilter(list(a = 1, b = -1, c = 2), function(v) v > 0, MAX.CORES = 2)
#'
#' x <- matrix(rnorm(4000), 40)
#' lazy <- memControl(lazy = TRUE)
#' scaled <- memApply(x, 2, function(v) v / mad(v), CONTROL = lazy)
#' kept <- memFilter(scaled, function(v) abs(mean(v)) > 0.1, CONTROL = lazy)
#' means <- memLapply(kept, mean, CONTROL = memControl(FUN.VALUE = 0, lazy = TRUE))
#' kept
#' summary(memRun(means, MAX.CORES = 2))
#' @export
memFilter <- function(X, FUN, NAMESPACE = NULL, VARS = NULL, MAX.CORES = NULL, CLUSTER = NULL, ..., CONTROL = memControl()) {
  asked <- begin_verb(environment(), sys.call(), parent.frame(), c(X = missing(X), FUN = missing(FUN)))
  items <- list_items(X, asked$namespace, asked$given, asked$call)
  asked$control[c("simplify", "FUN.VALUE", "on_error")] <- list(FALSE, item_template(X, asked), "stop")
  input <- called(items$x, substitute(X))
  elements <- pass_elements(list(input), items$n, items$names)
  if (is.object(X) && !is_pass(X) && !asked$control$lazy) {
    asked$control$FUN.VALUE <- NA
    return(X[which(end_verb("lapply", elements, asked, runs = list(fun = is_kept, dots = list(.f = asked$fun))))])
  }
  end_verb("filter", elements, asked, runs = list(fun = filter_element, dots = list(.f = asked$fun)))
}

# FUN.VALUE of a filter over a plain vector, or a pass that gives one; NULL of a list.
item_template <- function(x, asked) {
  if (is_pass(x)) return(if (shape_of(unwrap_pass(x)) == "vector") unwrap_pass(x)$control$FUN.VALUE)
  if (is_name(x)) x <- peek(registered_name(x, asked$namespace, asked$given, asked$call), asked$call)
  if (is.atomic(x) && !is.null(x) && !is.object(x)) vector(typeof(x), 1L)
}
