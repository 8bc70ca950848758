# One call of a function with whole values: a step of a chain that is no apply.

#' Call a function once with whole values
#'
#' `memDo(FUN, a, b)` calls `FUN(a, b)` on a worker. It is the step between applies: a prior from all statistics, a table from several
#' results, a fit to what was left. An argument that is a pass (see [memshare-pass]) arrives as the value that its call would have returned; then
#' `memDo()` gives a pass too, which [memRun()] runs with all that it needs. Other arguments are data, shared for this call. Without a pass
#' among them, and without `memControl(lazy = TRUE)`, the call runs at once.
#'
#' A further run of a plan may replace arguments that are data: `memRun(plan, VARS = list(b = other))`, by the argument's name in the call, or
#' else the variable's.
#'
#' @section Errors:
#' An error of FUN ends the run with a condition of class `memshare_error_element`, whose field `pass` names the step in a plan; see
#' [memshare-conditions]. A worker that dies is replaced and FUN called again, see `retries` in [memControl()].
#'
#' @inheritParams memLapply
#' @param FUN A function or its name.
#' @param ... Its arguments, with or without names: data and passes. They are evaluated at once.
#' @param NAMESPACE The namespace in which `VARS` are registered. Only needed for names.
#' @param VARS Further arguments, by name: a named list, or a character vector of the names of registered variables.
#' @param CONTROL How to run, made by [memControl()]. `simplify`, `FUN.VALUE`, `on_error` and `cost` do not apply.
#' @return The value of FUN; or, when an argument is a pass or with `memControl(lazy = TRUE)`, a pass. What it gives can be an argument of other
#'   `memDo()`, or stand in `VARS`.
#' @seealso [memshare-pass], [memRun()], [memReduce()]
#' @examples
#' memDo(quantile, c(3, 1, 2), probs = 0.5, MAX.CORES = 1)
#'
#' x <- matrix(rnorm(2000), 20)
#' variances <- memApply(x, 2, var, CONTROL = memControl(FUN.VALUE = 0, lazy = TRUE))
#' prior <- memDo(median, variances)
#' shrunk <- memLapply(
#'   variances, function(v, prior) (v + prior) / 2,
#'   VARS = list(prior = prior), CONTROL = memControl(lazy = TRUE)
#' )
#' prior
#' str(memRun(shrunk, MAX.CORES = 2)[1:2])
#' @export
memDo <- function(FUN, ..., NAMESPACE = NULL, VARS = NULL, MAX.CORES = NULL, CLUSTER = NULL, CONTROL = memControl()) {
  call <- sys.call()
  check_given(c(FUN = missing(FUN)), call)
  asked <- asked_by(environment(), call, parent.frame())
  asked$control[c("simplify", "FUN.VALUE", "on_error", "cost")] <- list(FALSE, NULL, "stop", NULL)
  vars <- named_sources(asked_vars(asked), asked$namespace)
  values <- list(...)
  arguments <- step_arguments(as.list(substitute(list(...)))[-1L], names(values), names(vars), call)
  names(values) <- names(arguments)
  vars <- c(values, vars)
  if (any(vapply(vars, is_pass, NA))) asked$control$lazy <- TRUE
  nothing <- input_of(list(NULL))
  nothing$said <- "one call"
  elements <- pass_elements(list(nothing), 1, NULL, elements = character(), unit = "", arguments = arguments)
  end_verb("do", elements, asked, vars = vars, further = further_values(list()))
}

# What the arguments of a step are called within its pass, as names, and the names of FUN's arguments that they go to, "" where they go by position.
# One without a name is called by its variable.
step_arguments <- function(code, names, taken, call) {
  if (is.null(names)) names <- character(length(code))
  check_reserved(names[nzchar(names)], call, "memDo()")
  twice <- names[nzchar(names) & (duplicated(names) | names %in% taken)]
  if (length(twice)) abort_input(sprintf("FUN's argument '%s' is given more than once", twice[[1L]]), call)
  own <- vapply(code, function(part) if (is.symbol(part)) as.character(part) else "", "")
  called <- names
  called[!nzchar(names)] <- own[!nzchar(names)]
  unclear <- !nzchar(called) | startsWith(called, ".") | duplicated(called) | !nzchar(names) & called %in% c(names, taken)
  called[unclear] <- sprintf("argument %d", seq_along(code))[unclear]
  stats::setNames(names, called)
}
