# S3 methods are told by their names, as R tells them.

# The names of an environment's functions that are S3 methods by their names: what they begin with is a generic function now, which it may have
# become after the method was defined.
methods_in <- function(env) {
  names <- native(ms_dotted_functions(env))
  if (!length(names)) return(names)
  if (!identical(names, state$dotted$names)) state$dotted <- beginnings(names)
  dotted <- state$dotted
  generic <- vapply(dotted$starts, is_generic, NA, env)
  names[unique(dotted$of[generic[dotted$start]])]
}

# What names begin with, up to each dot within them: name number `of` begins with `starts[[start]]`.
beginnings <- function(names) {
  ends <- gregexpr(".", names, fixed = TRUE)
  of <- rep(seq_along(names), lengths(ends))
  ends <- unlist(ends) - 1L
  inside <- ends > 0L & ends < nchar(names)[of] - 1L
  found <- substring(names[of[inside]], 1L, ends[inside])
  starts <- unique(found)
  list(names = names, starts = starts, of = of[inside], start = match(found, starts))
}

# Remembered by name and function, which is kept alive with it.
is_generic <- function(name, env) {
  if (name %in% c("Ops", "Math", "Summary", "Complex", "matrixOps")) return(TRUE)
  fun <- get0(name, envir = env, mode = "function")
  if (is.null(fun)) return(FALSE)
  # Functions that dispatch in C code.
  if (is.primitive(fun) || name %in% c("cbind", "rbind", "unlist", "as.vector", "rep_len", "is.unsorted", "nchar")) return(TRUE)
  known <- state$generics[[name]]
  if (!is.null(known) && identical(known$fun, fun)) return(known$answer)
  answer <- dispatches(fun)
  if (is.null(state$generics) || length(state$generics) > 1000L) state$generics <- new.env(parent = emptyenv())
  assign(name, list(fun = fun, answer = answer), envir = state$generics)
  answer
}

# Whether a function has its methods called, by its code.
dispatches <- function(fun) typeof(fun) == "closure" && any(c("UseMethod", "standardGeneric") %in% all.names(body(fun)))
