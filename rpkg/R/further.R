# The further arguments of FUN, which are the `...` of a call. R passes them on as promises: they are evaluated once, when FUN uses
# them, and FUN can see their code by substitute(). A worker's FUN finds the same: each argument travels as its value and its code.
#
# One that cannot be evaluated here (a column's name in `memLapply(frames, subset, x > 1)`), or that FUN surely does not use, travels as a
# function without arguments that evaluates it (class memshare_lazy), with the variables that it needs. One that cannot be evaluated and came
# from a frame that cannot be told, travels as the function that raises the error (memshare_failed).

# list(values, code) of the `...` in `frame`, the frame of a verb that was called from `caller`. `code` is NULL where it is the value.
further_arguments <- function(frame, call, fun, caller) {
  code <- as.list(eval(quote(substitute(list(...))), frame))[-1L]
  if (!length(code)) return(further_values(list()))
  names <- if (is.null(names(code))) character(length(code)) else names(code)
  unused <- unused_arguments(fun, names)
  values <- vector("list", length(code))
  kept <- values
  forwards <- has_dots(call)
  for (i in seq_along(code)) {
    if (is_empty(code[[i]])) {
      kept[[i]] <- quote(expr = )
      next
    }
    # What did not come through `...` is written in the call.
    origin <- if (forwards) origin_of(code[[i]], call, caller) else caller
    value <- if (!unused[[i]] || is.null(origin)) tryCatch(list(eval(as.call(list(quote(...elt), i)), frame)), error = identity)
    if (inherits(value, "error") || is.null(value)) {
      value <- list(if (is.null(origin)) failed_argument(value) else lazy_argument(code[[i]], origin))
    }
    if (!is.null(origin) && is.call(code[[i]]) && !is_lazy(value[[1L]])) value <- with_surroundings(value, code[[i]], origin)
    values[i] <- value
    if (is_shown(code[[i]])) kept[[i]] <- without_srcref(code[[i]])
  }
  names(values) <- names(code)
  list(values = values, code = kept)
}

# The same for arguments that were evaluated as a list.
further_values <- function(values) list(values = values, code = vector("list", length(values)))

is_empty <- function(code) identical(code, quote(expr = ))

# The frame that an argument's code was written in: the caller's, or, where it came through `...`, that of a caller before. NULL where it
# cannot be told.
origin_of <- function(code, call, env) {
  while (!is_written(code, call)) {
    at <- which(vapply(sys.frames(), identical, NA, env))
    if (!length(at)) return(NULL)
    at <- at[[length(at)]]
    call <- sys.call(at)
    parent <- sys.parents()[[at]]
    env <- if (parent == 0L) globalenv() else sys.frame(parent)
  }
  env
}

# Whether an argument stands in this call, and did not come through `...`.
is_written <- function(code, call) !has_dots(call) || any(vapply(as.list(call)[-1L], identical, NA, code))

# Whether a call passes on the `...` of the function that it stands in.
has_dots <- function(call) {
  # An argument may be empty.
  any(vapply(as.list(call)[-1L], identical, NA, quote(...)))
}

# Code that FUN can see on the worker as it would here: see promised() in calling.R. The code of a function is its value.
is_shown <- function(code) {
  if (is.symbol(code)) return(!grepl("^[.][.][0-9]+$", as.character(code)))
  if (!is.call(code)) return(FALSE)
  head <- code[[1L]]
  if (is.call(head) && length(head) == 3L) head <- head[[1L]]
  is.symbol(head) && !as.character(head) %in% c("function", "...")
}

# The arguments that FUN's code never names: those of a formal that it does not mention, and those that only its `...` takes, where it does
# nothing with that.
unused_arguments <- function(fun, names) {
  none <- rep(FALSE, length(names))
  if (!is.function(fun) || is.primitive(fun)) return(none)
  seen <- unlist(lapply(c(list(body(fun)), as.list(formals(fun))), all.names))
  if (any(seen %in% looks_at_arguments)) return(none)
  own <- setdiff(names(formals(fun)), "...")
  met <- arguments_met(fun, c("", names))[-1L]
  in_dots <- !met %in% own
  uses_dots <- any(grepl("^[.][.]", seen))
  ifelse(in_dots, !uses_dots, !met %in% seen)
}

# Functions by which FUN can come to arguments that its code does not name.
looks_at_arguments <- c(
  "eval", "evalq", "environment", "sys.function", "sys.call", "sys.frame", "sys.frames", "sys.calls", "match.call", "parent.frame", "mget",
  "get", "get0", "do.call", "UseMethod", "NextMethod", "standardGeneric", "callNextMethod", "callGeneric", "Recall", "parse", "current_env",
  "caller_env", "current_call", "browser"
)

lazy_argument <- function(code, env) structure(as.function(list(code), envir = env), class = "memshare_lazy")

failed_argument <- function(condition) {
  force(condition)
  structure(function() stop(condition), class = "memshare_failed")
}

# A small value together with a function of its code: where FUN evaluates that code among a data frame's columns, other variables are the
# caller's. A list of it. What is not small travels without, so that data is not sent twice.
with_surroundings <- function(value, code, env) {
  variables <- all.vars(code)
  if (!length(variables)) return(value)
  sizes <- vapply(c(value, mget(variables, env, ifnotfound = list(NULL), inherits = TRUE)), utils::object.size, 0)
  if (sum(sizes) > 1e5) return(value)
  list(structure(list(value = value[[1L]], code = lazy_argument(code, env)), class = "memshare_found"))
}

is_found <- function(x) inherits(x, "memshare_found")

is_lazy <- function(x) inherits(x, c("memshare_lazy", "memshare_failed"))

# The value of an argument for a call in this session.
argument_value <- function(x) if (is_lazy(x)) x() else if (is_found(x)) x$value else x

# Code without the text that it was parsed from.
without_srcref <- function(code) {
  if (!is.call(code)) return(code)
  if (identical(code[[1L]], quote(`function`)) && length(code) == 4L) code[[4L]] <- NULL
  for (i in seq_along(code)) if (is.call(code[[i]])) code[[i]] <- without_srcref(code[[i]])
  code
}

# The names of FUN's arguments that these arguments of a call would meet; "" where R would not say.
arguments_met <- function(fun, arguments) {
  marks <- paste0(".", seq_along(arguments))
  call <- as.call(c(quote(FUN), stats::setNames(lapply(marks, as.name), arguments)))
  matched <- if (is.primitive(fun)) NULL else tryCatch(as.list(match.call(fun, call))[-1L], error = function(e) NULL)
  if (is.null(names(matched))) return(character(length(arguments)))
  met <- names(matched)[match(marks, vapply(matched, as.character, ""))]
  ifelse(is.na(met), "", met)
}
