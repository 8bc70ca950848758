# Reduce on shared memory: a fixed tree, so that the value depends on nothing but the data.

#' Combine all elements to one value
#'
#' `memReduce()` combines the items of a list, the results of a pass, or the items of a registered list by FUN, a function of two
#' values, on several cores.
#'
#' The order is fixed: blocks of 16 neighbours are folded from left to right as [Reduce()] does, then the results of 16 neighbouring
#' blocks, and so on, until one value is left; `init`, when it is given, is combined with that one first: `FUN(init, value)`. So the
#' value is the same for any number of workers and any chunks, also in floating point. It equals that of `Reduce()` when FUN is
#' associative, apart from rounding.
#'
#' One element gives that element unchanged. None gives `init`, or `NULL` without one, as `Reduce()` does.
#'
#' With `by` the elements of each group are combined, by the tree that they have alone: as
#' `tapply(X, by, function(x) memReduce(x, FUN))` does. Elements whose group is `NA` are left out.
#'
#' @inheritParams memLapply
#' @param X A pass (see [memshare-pass]), a list or vector, or the name of a registered one, which needs `NAMESPACE`.
#' @param FUN A function of two values, or its name. It must be associative: `FUN(FUN(a, b), c)` means `FUN(a, FUN(b, c))`.
#' @param init A value to begin with.
#' @param NAMESPACE The namespace in which `X` is registered.
#' @param ... Further arguments of FUN.
#' @param by `NULL`, or the groups: a factor or a list of factors as long as `X`, as INDEX of [memTapply()].
#' @param CONTROL How to run, made by [memControl()]. Without `by`, `simplify`, `FUN.VALUE`, `seed`, `on_error`, `cost` and a `profile` do not
#'   apply.
#' @return The value; with `by` what [tapply()] gives, with the levels as names (dimnames): of mode list, or with `simplify = TRUE` or `FUN.VALUE`
#'   of [memControl()] an array of single values. Or, when `X` is a pass or with `memControl(lazy = TRUE)`, a pass that [memRun()] runs.
#' @seealso [memshare-pass], [memRun()], [memLapply()]
#' @examples
#' memReduce(1:100, `+`, MAX.CORES = 2)
#'
#' squares <- memLapply(1:100, function(i) i^2, CONTROL = memControl(lazy = TRUE))
#' total <- memReduce(squares, `+`, init = 0)
#' total
#' memRun(total, MAX.CORES = 2)
#'
#' cell <- rep(c("a", "b"), 50)
#' memReduce(squares, `+`, by = cell, CONTROL = memControl(FUN.VALUE = 0)) |> memRun(MAX.CORES = 2)
#' @export
memReduce <- function(X, FUN, init, NAMESPACE = NULL, MAX.CORES = NULL, ..., by = NULL, CONTROL = memControl()) {
  call <- sys.call()
  check_given(c(X = missing(X), FUN = missing(FUN)), call)
  caller <- parent.frame()
  written <- written_names(call, caller)
  check_written(written, call, c("init", "NAMESPACE", "MAX.CORES"))
  label <- function_label(substitute(FUN))
  namespace <- namespace_of(NAMESPACE, "", written, call)
  given <- !is.null(NAMESPACE)
  if (given) check_used(NAMESPACE, is_name(X), written, call)
  fun <- resolve_function(FUN, caller, call)
  refuse_elsewhere(...names(), fun, call)
  control <- if (missing(CONTROL)) default_control() else check_control(CONTROL, call)
  grouped <- !is.null(by)
  control <- if (grouped) group_control(control, !isFALSE(control$simplify) || !is.null(control$FUN.VALUE), call) else fold_control(control)
  if (is_pass(X)) control$lazy <- TRUE
  cores <- asked_cores(MAX.CORES, call)
  items <- list_items(X, namespace, given, call)
  init <- if (!missing(init)) list(init)
  if (is_pass(init[[1L]])) abort_input("init is a pass, which has not run; memRun() it first", call)
  input <- called(items$x, substitute(X))
  elements <- pass_elements(list(input), items$n, items$names, NULL, elements = c("", ""))
  fun <- list(fun = fun, further = further_values(list(...)), init = init)
  if (grouped) {
    refuse_filtered(X, "X", call)
    index <- index_of(by, NULL, namespace, given, call)
    data <- list(input = shared_input(input$source, if (!is_pass(X)) items$n), extent = items$n)
    elements <- group_elements(data, substitute(X), index, list(default = NA), call)
    elements$elements <- c("", "")
    fun$runs <- list(fun = finish_fold, dots = list(.f = fun$fun, .init = init))
  }
  pass <- new_pass(if (grouped) "fold" else "reduce", elements, fun, list(), pass_settings(control, namespace, given, cores, NULL, label), call)
  deliver(pass, call, list(X, by))
}

# A fold over everything has one value, which nothing simplifies.
fold_control <- function(control) {
  control[c("simplify", "FUN.VALUE", "seed", "on_error", "cost")] <- list(FALSE, NULL, NULL, "stop", NULL)
  if (!isFALSE(control$profile)) control["profile"] <- list(NULL)
  control
}
