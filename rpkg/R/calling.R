# Runs on a worker: the call of FUN that native code evaluates for each element, and the frame that it is evaluated in. What FUN sees of
# its call is what lapply() shows: FUN(X[[i]], ...).

# How a pass calls FUN: `names` of the arguments that take the elements ("" for one by position), `code` of the further arguments, and
# `cell`, the dim and the dimnames that an element gets, or NULL; where an element is a row set of the variable `.data`, the `extent` that
# this must have. `arguments` of a step, which takes no element: see step_arguments(). `marked`: FUN is not
# called for elements that a filter left out.
call_form <- function(names = "", code = list(), cell = NULL, extent = NULL, arguments = NULL, marked = FALSE) {
  list(names = names, code = code, cell = cell, extent = extent, arguments = arguments, marked = marked)
}

# list(call, forced, frame, elements): the call of FUN, of which so many arguments are forced (NULL: it is code to be evaluated), and its frame. Native
# code puts the elements of each call into the list `elements`, which the call takes them from.
call_of <- function(body) {
  form <- body$form
  frame <- frame_of(body$dots, form$code)
  if (is_usual_form(form) && !length(body$variables) && !length(body$functions)) {
    frame$FUN <- body$fun
    frame$X <- elements <- vector("list", 1L)
    frame$i <- 1L
    return(list(call = usual_call, forced = 1L, frame = frame, elements = elements))
  }
  taken <- c(body$variables, names(body$functions))
  for (name in names(body$functions)) assign(name, body$functions[[name]], envir = frame)
  fun <- free_name("FUN", taken)
  assign(fun, body$fun, envir = frame)
  elements <- vector("list", max(1L, length(form$names)))
  arguments <- if (length(form$names)) element_code(elements, frame, taken)
  if (!is.null(form$cell)) arguments <- lapply(arguments, shaped, form$cell)
  if (!is.null(form$extent)) {
    assign(".part", parts_of(form$extent), envir = frame)
    arguments <- lapply(arguments, function(rows) call(".part", quote(.data), rows))
  }
  if (any(nzchar(form$names))) names(arguments) <- form$names
  taken <- c(names(form$arguments), setdiff(taken, names(form$arguments)))
  sides <- lapply(taken, as.name)
  names(sides) <- c(form$arguments, setdiff(taken, names(form$arguments)))
  call <- as.call(c(list(as.name(fun)), arguments, sides, quote(...)))
  forced <- length(arguments)
  if (!form$marked) return(list(call = call, forced = forced, frame = frame, elements = elements))
  call <- as.call(c(list(quote(forceAndCall), forced), as.list(call)))
  list(call = unless_left_out(call, arguments, frame), forced = NULL, frame = frame, elements = elements)
}

# What most calls are: FUN(X[[i]], ...), without side variables.
usual_call <- quote(FUN(X[[i]], ...))

is_usual_form <- function(form) identical(form$names, "") && is.null(form$cell) && is.null(form$extent) && !form$marked

# The mark in place of a call for one.
unless_left_out <- function(code, arguments, frame) {
  assign(".left_out", left_out, envir = frame)
  assign(".is_left_out", is_left_out, envir = frame)
  asked <- lapply(unname(arguments), function(element) call(".is_left_out", element))
  call("if", Reduce(function(a, b) call("||", a, b), asked), quote(.left_out), code)
}

# The code of the element arguments: `X[[i]]`, or `dots[[1L]]`, `dots[[2L]]` and so on for several collections.
element_code <- function(elements, frame, taken) {
  if (length(elements) == 1L) {
    x <- free_name("X", taken)
    i <- free_name("i", taken)
    assign(x, elements, envir = frame)
    assign(i, 1L, envir = frame)
    return(list(call("[[", as.name(x), as.name(i))))
  }
  dots <- free_name("dots", taken)
  assign(dots, elements, envir = frame)
  lapply(seq_along(elements), function(at) call("[[", as.name(dots), at))
}

# A name for what the call needs itself, where VARS may have the same one.
free_name <- function(name, taken) if (name %in% taken) paste0(".", name) else name

# A cell of an array keeps the dimensions that are left.
shaped <- function(code, cell) as.call(list(quote(base::array), code, cell$dim, cell$dimnames))

# A function that gives a part of a variable, which must have this extent: the rows of a data frame, else the items that split() gives, in its
# way for the class.
parts_of <- function(extent) {
  force(extent)
  function(x, rows) {
    if (extent_of(x) != extent) {
      stop(sprintf("the variable has %.0f rows or items, but its groups were made for %.0f", extent_of(x), extent), call. = FALSE)
    }
    if (is.data.frame(x)) return(x[rows, , drop = FALSE])
    part <- x[rows]
    if (is.object(x)) return(split(part, rep_len(1L, length(rows)))[[1L]])
    if (length(dim(x)) == 1L) {
      names <- names(part)
      dim(part) <- NULL
      names(part) <- names
    }
    part
  }
}

# What a variable has along which it can be split.
extent_of <- function(x) if (is.data.frame(x)) nrow(x) else length(x)

# A frame around which there is base R's namespace, as around lapply()'s, and whose `...` holds the further arguments.
frame_of <- function(dots, code) {
  if (!length(dots)) return(dots_frame())
  plain <- all(vapply(code, is.null, NA)) && !any(vapply(dots, is_lazy, NA), vapply(dots, is_found, NA))
  if (plain) return(eval(as.call(c(list(dots_frame), lapply(dots, as_code))), baseenv()))
  frame <- NULL
  for (i in seq_along(dots)) {
    env <- new.env(parent = surroundings_of(dots[[i]]))
    argument <- promised(dots[[i]], code[[i]], env)
    if (!is.null(names(dots))) names(argument) <- names(dots)[[i]]
    before <- if (!is.null(frame)) quote(...)
    if (!is.null(frame)) assign("...", get("...", envir = frame), envir = env)
    frame <- eval(as.call(c(list(dots_frame), before, argument)), env)
  }
  frame
}

surroundings_of <- function(argument) {
  if (is_found(argument)) return(environment(argument$code))
  if (inherits(argument, "memshare_lazy")) environment(argument) else globalenv()
}

# Code that gives a value.
as_code <- function(value) if (typeof(value) %in% c("symbol", "language", "promise")) call("quote", value) else value

# A list of the code which, evaluated in `env`, gives an argument's value, and which is what FUN sees of it.
promised <- function(value, code, env) {
  if (is_empty(code)) return(list(code))
  if (inherits(value, "memshare_lazy")) {
    expression <- body(value)
    uses_dots <- any(grepl("^[.][.]", all.names(expression)))
    return(list(if (uses_dots) as.call(list(value)) else expression))
  }
  if (is.null(code)) return(list(as_code(argument_value(value))))
  if (is.symbol(code)) {
    if (!is_lazy(value)) assign(as.character(code), value, envir = env)
    return(list(code))
  }
  head <- code[[1L]]
  depth <- 1L
  if (is.call(head)) {
    head <- head[[1L]]
    depth <- 2L
  }
  assign(as.character(head), stands_for(value, as.character(head), depth, env), envir = env)
  list(code)
}

# The function that is called first where an argument's code is evaluated: it gives the value that the session found. Elsewhere, where
# FUN evaluates the same code among other variables, it is the function that it is named for.
stands_for <- function(value, head, depth, env) {
  force(value)
  function(...) {
    around <- parent.frame()
    if (identical(around, env)) return(if (depth == 2L) function(...) argument_value(value) else argument_value(value))
    within <- new.env(parent = around)
    assign(head, get(head, envir = parent.env(env), mode = "function"), envir = within)
    eval(sys.call(), within)
  }
}

# A frame whose `...` holds the arguments, as promises.
dots_frame <- function(...) environment()
environment(dots_frame) <- .BaseNamespaceEnv

# "memApply" of `memApply(X, 2, mean)` and of `memshare::memApply(X, 2, mean)`; asked in every call, so without deparse().
verb_of <- function(call) {
  verb <- if (is.call(call)) call[[1L]]
  if (is.call(verb) && length(verb) == 3L && identical(verb[[1L]], quote(`::`))) verb <- verb[[3L]]
  if (is.symbol(verb)) as.character(verb) else ""
}
