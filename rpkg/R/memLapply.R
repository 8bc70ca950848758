# lapply on shared memory.

#' Apply a function over a list, on several cores and one copy of the data
#'
#' `memLapply()` gives what [lapply()] gives. The list is put into shared memory once (or was registered before), and worker
#' processes read its items in place.
#'
#' The workers are R processes that start at the first call, are kept for later ones, and end with the session or after some
#' idle time. FUN finds on a worker what it finds in your session when the call begins: attached packages, loaded namespaces, options,
#' environment variables, classes and methods. The variables of its surroundings that it uses travel with it, found by static analysis; big
#' data among them is shared instead of copied, and a message says so. Names that FUN computes (`get(paste0(...))`) are found if
#' their variables are small, or named in `memControl(globals = )`. What FUN prints goes to the worker's log.
#'
#' @section Errors:
#' The first error of FUN ends the call with a condition of class `memshare_error_element` that names the element; see
#' [memshare-conditions]. Nothing of the run is left behind, and the workers stay usable. An element whose worker process dies
#' is tried again, see `retries` in [memControl()].
#'
#' @param X A list or vector; or one string, the name of a registered variable, which needs `NAMESPACE`. (One string as data is
#'   `list("text")`.)
#' @param FUN A function or its name. Its first argument receives the element, whatever it is called.
#' @param NAMESPACE The namespace in which `X` or `VARS` are registered. Only needed for names. Without a name in the call it is the argument
#'   after FUN, and must then be used: an argument of FUN that stands there by mistake is an error.
#' @param VARS Variables that every call of FUN receives: a named list of objects, shared for this call, or a character vector
#'   of registered names. Each goes to the argument of FUN with exactly that name.
#' @param MAX.CORES The number of worker processes; by default the cores this process may use, see [memshare-options].
#' @param CLUSTER A cluster of package parallel, over sockets or MPI, whose nodes shall do the work, on this machine or others, or `NULL`. See
#'   `vignette("backends", "memshare")`.
#' @param ... Further arguments of FUN, as in `lapply()`: with their names, or behind `CLUSTER`. They are evaluated once, in your session; one that
#'   fails there is an error only where FUN uses it. A name that begins one of the names above, like `M =` or `N =`, is an error, for R
#'   would take it for `MAX.CORES` or `NAMESPACE`: use `VARS = list(M = ...)`.
#' @param CONTROL How to run, made by [memControl()].
#' @return A list in the order of `X`, with its names; or what `simplify` or `FUN.VALUE` of [memControl()] make of it.
#' @seealso [memApply()], [memControl()], [registerVariables()], [memLastRun()]
#' @examples
#' items <- list(a = 1:3, b = 4:9)
#' memLapply(items, sum, MAX.CORES = 2)
#' memLapply(items, function(v, w) sum(v * w), VARS = list(w = 2), MAX.CORES = 2)
#'
#' registerVariables("demo", list(items = items, w = 2))
#' memLapply("items", function(v, w) sum(v * w), NAMESPACE = "demo", VARS = "w", MAX.CORES = 2)
#' releaseVariables("demo", c("items", "w"))
#' @export
memLapply <- function(X, FUN, NAMESPACE = NULL, VARS = NULL, MAX.CORES = NULL, CLUSTER = NULL, ..., CONTROL = memControl()) {
  asked <- begin_verb(environment(), sys.call(), parent.frame(), c(X = missing(X), FUN = missing(FUN)))
  items <- list_items(X, asked$namespace, asked$given, asked$call)
  plain <- isFALSE(asked$control$simplify) && is.null(asked$control$FUN.VALUE)
  if (!plain) check_late(items$late, asked$call)
  input <- called(items$x, substitute(X))
  end_verb("lapply", pass_elements(list(input), items$n, items$names, if (plain) items$names else items$labels), asked)
}

# X as an input, the number of its items, their names, and the labels that sapply would give them. `own`: an object's items are what its class has as length
# and `[[`, as mapply() takes them, and not what as.list() gives.
list_items <- function(x, namespace, given, call, own = FALSE) {
  if (is_pass(x)) return(items_of_pass(x, "X", call))
  if (is_name(x)) {
    registered <- registered_name(x, namespace, given, call)
    items <- items_by_name(registered, call)
    if (!is.null(items)) return(items)
    x <- peek(registered, call)
    if (typeof(x) == "list" && !is.object(x)) {
      return(listed(looked_at(input_of(by_name(registered)), x), length(x), names(x)))
    }
  }
  if (own && is.object(x)) x <- own_items(x)
  labels <- if (is.character(x) && is.null(names(x))) x[seq_along(x)]
  kind <- NULL
  if (typeof(x) != "list" || is.object(x)) {
    usable <- !is.function(x) && !is.symbol(x)
    plain <- is.atomic(x) && !is.object(x)
    if (plain && length(x)) kind <- said_kind(typeof(x), 1L)
    converted <- if (plain) as.list(x) else if (usable) tryCatch(as.list(x), error = function(e) NULL)
    if (is.null(converted)) {
      abort_input(
        sprintf("Unknown input format for X: a list, a vector, or the name of a registered list is needed, not %s", describe(x)), call
      )
    }
    # What is still an object has items of its own kind, as lapply() takes them.
    bare <- unclass(converted)
    x <- if (is.object(converted)) stats::setNames(lapply(seq_along(bare), function(i) converted[[i]]), names(bare)) else converted
  }
  names <- plain_names(names(x))
  input <- input_of(x)
  if (is.null(kind)) input <- looked_at(input, x) else input$of <- kind
  list(x = input, n = length(x), names = names, labels = if (is.null(names)) labels else names)
}

# The same of a registered list whose items need not be made for that; NULL of any other variable.
items_by_name <- function(registered, call) {
  configure_place()
  seen <- native(ms_list_shape(registered[[1L]], registered[[2L]]), call)
  if (is.null(seen)) return(NULL)
  input <- input_of(by_name(registered))
  input$of <- if (seen$n) kind_by_lengths(seen$type, seen$lengths, seen$each) else "nothing"
  input$sizes <- seen$lengths
  listed(input, seen$n, seen$names)
}

listed <- function(input, n, names) {
  names <- plain_names(names)
  list(x = input, n = n, names = names, labels = names)
}

own_items <- function(x) {
  items <- tryCatch(lapply(seq_len(length(x)), function(i) x[[i]]), error = function(e) NULL)
  if (is.null(items)) return(x)
  names <- names(x)
  if (length(names) == length(items)) stats::setNames(items, names) else items
}
