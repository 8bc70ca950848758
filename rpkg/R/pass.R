# A pass: one apply over one collection, checked, with its payload built, and not run. Eager calls make one and run it at once;
# lazy ones give it to the user, wrapped: the pass itself is an environment, so that a pass used twice is known to be the same.
#
# Fields: `verb` ("apply", "lapply", "mapply", "reduce", "blocks", "tapply", "by", "do", "fold", "outer" or "filter"); `inputs`, a list of list(cut, source, dim, said): a
# source is data, the name of a registered variable (class memshare_name), or another pass, `cut` says how elements come from it ("item", "row",
# "column", "row block", "column block", "each": result for result; or "shared": it is there as a whole, as a variable `side`, and the elements of the first
# input are row sets of it), and `said` is the variable that it was given by; `vars`, sources by FUN's arguments, and
# `functions`, the functions among VARS; `n` elements and their `names`; `unit`, what they are called; `value_names`, what the value is named
# by; `shape`, the dimensions of the value (see shapes.R); `groups`, of groups (see groups.R); `combine`, of blocks (see blocks.R); `arguments`, of a
# step (see memDo.R); `runs`, list(fun, dots), what workers call in FUN's place, and give FUN to; `filter` and `marked` (see filter.R); `fun` and
# `dots` as the user gave them (see further.R); `payload` for the workers, and `fold` and `last` for folds and the last step; `control`,
# `costs`, what it says of the elements' costs; `taken`, see taken_from(); `namespace` (`given` or not), `cores` (NULL: as the options say), `cluster`, `label`; `passes`, whether it reads other passes.

# What a pass goes over: its inputs, `n` elements and their names, what the value is named by; in `...` what is not as usual: FUN's element
# arguments, the value's shape, what an element is called, groups.
pass_elements <- function(inputs, n, names, value_names = names, ...) {
  said <- list(inputs = inputs, n = n, names = names, value_names = value_names, shape = NULL, elements = "", unit = "element", groups = NULL, arguments = NULL)
  given <- list(...)
  said[names(given)] <- given
  said
}

# How it is to be run.
pass_settings <- function(control, namespace, given, cores, cluster, label) {
  list(control = control, namespace = namespace, given = given, cores = cores, cluster = cluster, label = label)
}

# Checks what FUN is given, builds the payload, and gives the pass. `elements` and `settings` as above; `fun` has the function, its further
# arguments (`further`), of memReduce() `init`, and of memBlocks() `combine`.
new_pass <- function(verb, elements, fun, vars, settings, call) {
  functions <- list()
  passes <- FALSE
  for (input in elements$inputs) passes <- passes || is_pass(input$source)
  by_value <- !is.object(vars)
  if (length(vars)) {
    if (!by_value) {
      vars <- named_sources(vars, settings$namespace)
    } else {
      kept <- vapply(vars, function(x) is.function(x) + 2L * is_pass(x), 0L)
      functions <- vars[kept == 1L]
      vars <- vars[kept != 1L]
      if (any(kept == 2L)) passes <- TRUE
    }
  }
  own <- list(
    verb = verb, vars = vars, functions = functions, fun = fun$fun, dots = fun$further$values, init = fun$init, passes = passes,
    combine = fun$combine, runs = fun$runs, call = call[[1L]]
  )
  through <- filter_of(elements$inputs)
  filter <- if (verb == "filter") new.env(parent = emptyenv()) else if (!any(verb == one_value)) through
  pass <- c(own, elements, settings, list(filter = filter, marked = !is.null(through)))
  check_element(pass, call)
  check_call(pass, call)
  if (pass$n > 0) pass$costs <- said_costs(pass$control, pass$n, call)
  if (pass$control$lazy || passes) check_registered(pass, call)
  if (pass$n == 0) return(pass)
  capture <- new_capture()
  if (verb == "reduce") {
    steps <- if (pass$marked) marked_fold else plain_fold
    pass[c("fold", "last")] <- fold_payloads(pass$fun, list(dots = pass$dots, init = pass$init), steps, pass$control, capture, call)
  } else {
    pass$payload <- payload_of(pass, capture, fun$further$code, if (by_value) unname(vars) else list(), call)
    if (is.function(pass$runs$last)) pass$last <- last_payload(pass$runs$last, pass$runs$dots[".how"], pass$control)
    if (is.function(pass$combine)) pass[c("fold", "last")] <- fold_payloads(pass$combine, list(), plain_fold, pass$control, new_capture(), call)
  }
  tell_captured(capture$told, call)
  pass
}

# The payload of a pass. `data`: the values of its side variables.
payload_of <- function(pass, capture, code, data, call) {
  for (input in pass$inputs) data <- c(data, list(input$source))
  if (pass$passes) data <- data[!vapply(data, is_pass, NA)]
  runs <- if (is.null(pass$runs)) list(fun = pass$fun) else pass$runs
  elements <- if (is.null(pass$runs)) pass$elements else ""
  code <- c(vector("list", length(runs$dots)), code)
  form <- call_form(elements, code, pass$shape$cell, pass$groups$extent, pass$arguments, pass$marked)
  # A group is taken out of its variable; what runs in FUN's place gets the variables themselves.
  shared <- NULL
  if (is.null(pass$groups)) for (input in pass$inputs) shared <- c(shared, input$side)
  call_with <- list(dots = c(runs$dots, pass$dots), variables = c(names(pass$vars), shared), functions = pass$functions, form = form)
  build_payload(runs$fun, call_with, capture, pass$control, call, data)
}

# The payload of what brings the results of a pass together in one call.
last_payload <- function(fun, dots, control) build_payload(fun, list(dots = dots), new_capture(), control)

# memControl(element = ) is said of a sparse matrix's rows or columns alone.
check_element <- function(pass, call) {
  element <- pass$control$element
  if (element == "dense") return(invisible())
  for (input in pass$inputs) if (identical(input$sparse, element)) return(invisible())
  abort_input(sprintf("memControl(element = \"%s\") needs memApply(), or memMapply() with MARGIN, over a sparse matrix of package Matrix", element), call)
}

# Whether FUN can take what it is about to be given, before anything runs.
check_call <- function(pass, call) {
  check_dots(pass$dots, call)
  if (typeof(pass$fun) == "special") check_special(pass$fun, call)
  given <- side_arguments(pass)
  given <- given[nzchar(given)]
  if (!length(given)) return(invisible())
  twice <- given[given %in% names(pass$dots)]
  if (length(twice)) abort_input(sprintf("'%s' is given both in VARS and as a further argument of FUN: give it once", twice[[1L]]), call)
  twice <- given[given %in% pass$elements]
  if (length(twice)) abort_input(sprintf("'%s' is given both in VARS and as a collection: give it once", twice[[1L]]), call)
  signature <- if (is.primitive(pass$fun)) args(pass$fun) else pass$fun
  if (is.null(signature)) return(invisible())
  formals <- names(formals(signature))
  first <- if ("" %in% pass$elements) formals[!formals %in% pass$elements][1L] else NA
  if (!first %in% c("...", NA) && first %in% given) {
    abort_input(sprintf("VARS has '%s', which is FUN's first argument and receives the element; rename one of them", first), call)
  }
  unknown <- given[!given %in% formals]
  if (length(unknown) && !"..." %in% formals) {
    abort_input(
      sprintf(
        "%s '%s', but FUN has no argument of that name, it is FUN(%s): rename one of them",
        if (unknown[[1L]] %in% pass$arguments) "the call gives" else "VARS has", unknown[[1L]], paste(formals, collapse = ", ")
      ), call
    )
  }
  invisible()
}

# The names of FUN's arguments that side variables and functions go to; "" by position.
side_arguments <- function(pass) {
  names <- c(names(pass$vars), names(pass$functions))
  own <- names %in% names(pass$arguments)
  names[own] <- pass$arguments[names[own]]
  names
}

# No further argument is a pass.
check_dots <- function(dots, call) {
  waiting <- if (length(dots)) vapply(dots, function(x) is_pass(if (is_found(x)) x$value else x), NA)
  if (!any(waiting)) return(invisible())
  what <- names(dots)[waiting][[1L]]
  named <- length(what) && nzchar(what)
  abort_input(
    sprintf(
      "a further argument of FUN%s is a pass, which has not run; give it in VARS%s",
      if (named) sprintf(" ('%s')", what) else "", if (named) sprintf(", as list(%s = ...)", what) else ""
    ), call
  )
}

# Primitives that take code, or change the call they stand in, have no meaning for an element.
check_special <- function(fun, call) {
  for (name in c("quote", "substitute", "missing", "on.exit", "expression", "function", "<-", "<<-", "=", "return", "~")) {
    if (identical(fun, get(name, envir = baseenv()))) {
      abort_input(sprintf("FUN is `%s`, which takes code and not a value; use function(element) ...", name), call)
    }
  }
}

# A pass, plan or handle that FUN meets in its surroundings is no data: there it says so when it is used.
is_unfinished <- function(value) {
  typeof(value) %in% c("list", "environment") && is.object(value) && inherits(value, c("memshare_pass", "memshare_plan", "memshare_handle"))
}

# Registered variables that a pass is to read exist. An eager call learns that from native code, at once.
check_registered <- function(pass, call) {
  for (source in pass$vars) if (inherits(source, "memshare_name")) metadata(source[[1L]], source[[2L]], call)
}

# The registered variables whose values a pass has, because it is not by their names that it reads them; each with the `serial` of its page.
taken_from <- function(data, pass, call) {
  sources <- lapply(pass$inputs, `[[`, "source")
  read <- lapply(Filter(function(source) inherits(source, "memshare_name"), sources), as.vector)
  names <- lapply(unique(unname(Filter(is_name, data))), function(name) c(pass$namespace, name))
  lapply(setdiff(names, read), function(name) list(source = by_name(name), serial = known_of(name[[1L]], name[[2L]], call)$serial))
}
