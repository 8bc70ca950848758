# What memApply and memLapply share: FUN, VARS, and a registered X in the form the run needs.

# FUN itself, or the function of that name, looked up from the caller as match.fun() does.
resolve_function <- function(fun, envir, call, what = "FUN") {
  if (is.function(fun)) return(fun)
  if (inherits(fun, "formula")) {
    abort_input(
      sprintf("%s is a formula, and must be a function: write function(x) ..., or rlang::as_function() around the formula", what), call
    )
  }
  if (is.character(fun) && length(fun) == 1L && !is.na(fun) || is.symbol(fun)) {
    found <- get0(as.character(fun), envir = envir, mode = "function")
    if (is.null(found)) abort_input(sprintf("%s: there is no function '%s'; define it, or load its package", what, as.character(fun)), call)
    return(found)
  }
  abort_input(sprintf("%s must be a function or a function's name, not %s", what, describe(fun)), call)
}

# FUN's own name as it stands in the call, or "".
function_label <- function(expression) {
  if (is.symbol(expression) || is.character(expression) && length(expression) == 1L) as.character(expression) else ""
}

# MAX.CORES as it was given; NULL means that the options say it when the run begins.
asked_cores <- function(max_cores, call) if (!is.null(max_cores)) worker_count(max_cores, call)

# VARS: a named list of objects and passes, or names of registered variables (class memshare_names).
resolve_vars <- function(vars, namespace, given, call) {
  if (is.null(vars)) return(list())
  if (is.character(vars) && is.null(dim(vars)) && !is.object(vars)) {
    if (!given) abort_input("VARS by name needs NAMESPACE, the namespace in which the variables are registered", call)
    names <- check_reserved(check_names(unname(vars), "VARS", call), call)
    return(structure(names, class = "memshare_names"))
  }
  if (!is.list(vars) || is.object(vars)) {
    abort_input(
      sprintf("Unknown input format for VARS: a named list or names of registered variables are needed, not %s", describe(vars)), call
    )
  }
  if (!length(vars)) return(list())
  if (is.null(names(vars)) || !all(nzchar(names(vars)))) {
    abort_input("Unknown input format for VARS: every item of the list needs a name, that of FUN's argument, like list(y = y)", call)
  }
  names(vars) <- check_reserved(check_names(names(vars), "VARS", call), call)
  vars
}

# Names that the worker's call of FUN uses itself.
check_reserved <- function(names, call, what = "VARS") {
  taken <- names[names %in% c("...", ".FUN", ".X", ".i", ".dots", ".data", ".part", ".left", ".right", ".f", ".how")]
  if (length(taken)) abort_input(sprintf("%s cannot hold a variable named '%s'", what, taken[[1L]]), call)
  names
}

# Whether an argument may be the name of a registered variable.
is_name <- function(x) is.character(x) && length(x) == 1L && is.null(attributes(x))

# The namespace and name of a registered variable named in X.
registered_name <- function(x, namespace, given, call) {
  if (!given) {
    abort_input(
      sprintf(
        "Unknown input format for X: one string names a registered variable and needs NAMESPACE; if it is data, write list(%s)",
        encodeString(x, quote = "\"")
      ), call
    )
  }
  c(namespace, check_string(x, "X", call))
}

# A view of a registered variable for our own use, of which the session's list of views does not tell.
peek <- function(name, call = NULL) {
  configure_place()
  native(ms_peek(name[[1L]], name[[2L]]), call)
}

by_name <- function(name) structure(name, class = "memshare_name")

# What resolve_vars() gave, as sources by FUN's arguments.
named_sources <- function(vars, namespace) {
  if (!inherits(vars, "memshare_names")) return(vars)
  stats::setNames(lapply(unclass(vars), function(name) by_name(c(namespace, name))), vars)
}

# Names as plain strings: a view of them would keep the whole page alive inside the result.
plain_names <- function(names) if (length(names)) names[seq_along(names)]

plain_dimnames <- function(dimnames) {
  if (is.null(dimnames)) return(NULL)
  stats::setNames(lapply(dimnames, plain_names), names(dimnames))
}
