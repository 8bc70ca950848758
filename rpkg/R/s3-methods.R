# S3 methods are told by their names, as R tells them.

# The names of an environment's functions that are S3 methods by their names.
methods_in <- function(env) {
  names <- names(env)
  names <- names[grepl(".", names, fixed = TRUE)]
  if (!length(names)) return(names)
  names[vapply(names, function(name) {
    if (bindingIsActive(as.name(name), env)) return(FALSE)
    fun <- tryCatch(get(name, envir = env, inherits = FALSE), error = function(e) NULL)
    typeof(fun) == "closure" && is_method(name, fun)
  }, NA)]
}

# Whether the name begins with a generic function's. Remembered by name and function, which is kept alive with it.
is_method <- function(name, fun) {
  known <- state$methods[[name]]
  if (!is.null(known) && identical(known$fun, fun)) return(known$answer)
  ends <- gregexpr(".", name, fixed = TRUE)[[1L]] - 1L
  answer <- any(vapply(ends[ends > 0L & ends < nchar(name) - 1L], function(end) is_generic(substr(name, 1L, end)), NA))
  if (is.null(state$methods) || length(state$methods) > 1000L) state$methods <- new.env(parent = emptyenv())
  assign(name, list(fun = fun, answer = answer), envir = state$methods)
  answer
}

is_generic <- function(name) {
  if (name %in% c("Ops", "Math", "Summary", "Complex", "matrixOps")) return(TRUE)
  fun <- get0(name, envir = globalenv(), mode = "function")
  if (is.null(fun)) return(FALSE)
  # Functions that dispatch in C code.
  if (is.primitive(fun) || name %in% c("cbind", "rbind", "unlist", "as.vector", "rep_len", "is.unsorted", "nchar")) return(TRUE)
  any(c("UseMethod", "standardGeneric") %in% all.names(body(fun)))
}
