# What travels to the workers besides the data: FUN, its further arguments, and of its surroundings what FUN needs and no more.
# Each frame FUN can see becomes a replica with only the needed variables, so that two closures with variables of the same name
# keep their own; the global environment's replica stands in front of the worker's own. Big captured data is not put into the
# replica here but shared as a page, and bound on the worker.
#
# The *bag* is what is gathered on the way: `from` and `to` (frames and their replicas), `done` (names already looked up, a
# character vector a frame), `captured` (big objects), `placed` (where each belongs), `dots` (values of frames' `...`),
# `packages` (to attach), `named` (by FUN's code, to load), `told` (names and sizes for the user), `share` (bytes from which data counts as big).
new_bag <- function(share = option_share()) {
  bag <- new.env(parent = emptyenv())
  bag$from <- bag$to <- bag$done <- bag$captured <- bag$placed <- bag$dots <- list()
  bag$packages <- bag$named <- character()
  bag$told <- numeric()
  bag$share <- share
  bag
}

# The payload of a call: `raw` for the worker and `captured` for native code to share.
build_payload <- function(fun, dots, bag, control, variables, functions, form = call_form(), call = NULL) {
  fun <- portable(fun, bag)
  dots <- lapply(dots, portable, bag)
  for (i in seq_along(dots)) {
    if (is_big(dots[[i]], bag)) {
      place(bag, list(kind = "dots", at = i), dots[[i]])
      dots[i] <- list(NULL)
    }
  }
  body <- list(
    fun = fun, dots = dots, placed = bag$placed, frame_dots = bag$dots, variables = variables, functions = functions,
    form = form
  )
  head <- list(
    packages = check_packages(unique(c(bag$packages, control$packages)), call),
    on_error = control$on_error, seed = control$seed,
    body = serialize(body, NULL, xdr = FALSE)
  )
  list(raw = serialize(head, NULL, xdr = FALSE), captured = bag$captured, named = unique(c(bag$named, control$packages)))
}

# A value as it can travel: functions and formulas with replicas of their frames, also inside plain lists.
portable <- function(value, bag) {
  if (is_unfinished(value)) return(stub_of(value))
  switch(typeof(value),
    closure = portable_function(value, bag),
    language = if (inherits(value, "formula")) portable_formula(value, bag) else value,
    list = if (holds_code(value)) portable_list(value, bag) else value,
    environment = if (is_plain_environment(value)) portable_environment(value, bag) else value,
    value
  )
}

# A pass, plan or handle that FUN meets in its surroundings is no data: there it says so when it is used.
is_unfinished <- function(value) {
  typeof(value) == "list" && is.object(value) && inherits(value, c("memshare_pass", "memshare_plan", "memshare_handle"))
}

stub_of <- function(value) structure(list(NULL), class = class(value))

holds_code <- function(list) {
  if (all(vapply(list, is.atomic, NA))) return(FALSE)
  for (type in unique(vapply(list, typeof, ""))) {
    if (type %in% c("closure", "language", "environment")) return(TRUE)
    if (type == "list" && any(vapply(list, function(item) is.list(item) && (is_unfinished(item) || holds_code(item)), NA))) return(TRUE)
  }
  FALSE
}

portable_list <- function(value, bag) {
  kept <- attributes(value)
  value <- lapply(unclass(value), portable, bag)
  attributes(value) <- kept
  value
}

portable_function <- function(fun, bag) {
  env <- environment(fun)
  if (is_package_frame(env) || isS4(fun)) return(fun)
  analysis <- analysis_of(fun)
  copy <- analysis$template
  kept <- attributes(fun)
  kept$srcref <- NULL
  if (length(kept)) attributes(copy) <- kept
  environment(copy) <- replica(env, bag)
  for (name in analysis$variables) need(name, FALSE, env, bag)
  for (name in analysis$called) need(name, TRUE, env, bag)
  if (analysis$dots) need_dots(env, bag)
  bag$named <- c(bag$named, analysis$named)
  copy
}

portable_formula <- function(formula, bag) {
  env <- attr(formula, ".Environment")
  if (!is.environment(env) || is_package_frame(env)) return(formula)
  attr(formula, ".Environment") <- replica(env, bag)
  used <- names_in(list(formula))
  for (name in used$variables) need(name, FALSE, env, bag)
  for (name in used$called) need(name, TRUE, env, bag)
  formula
}

# An environment without class is copied with all it holds; one with a class (R6, reference classes) travels as R serializes it.
is_plain_environment <- function(env) {
  !is.object(env) && !is_package_frame(env) && !identical(env, globalenv()) && !identical(env, emptyenv())
}

portable_environment <- function(env, bag) {
  copy <- replica(env, bag)
  for (name in ls(env, all.names = TRUE, sorted = FALSE)) need_here(name, env, env, bag)
  copy
}

# The replica of a frame, made on first sight together with those around it.
replica <- function(env, bag) {
  if (is_package_frame(env) || identical(env, emptyenv())) return(env)
  at <- frame_number(env, bag)
  if (at) return(bag$to[[at]])
  global <- identical(env, globalenv())
  copy <- new.env(parent = if (global) env else replica(parent.env(env), bag))
  bag$from <- c(bag$from, list(env))
  bag$to <- c(bag$to, list(copy))
  bag$done <- c(bag$done, list(character()))
  copy
}

frame_number <- function(env, bag) {
  for (i in seq_along(bag$from)) if (identical(bag$from[[i]], env)) return(i)
  0L
}

# Finds the variable that `name` means in `env`, as R would, and puts it into its frame's replica. Found in a package: nothing
# to do but to attach the package, if it is on the search path. Found nowhere: it may exist on the worker, or be a column name.
need <- function(name, as_function, env, bag) {
  innermost <- env
  behind_namespace <- FALSE
  repeat {
    if (identical(env, globalenv())) {
      if (need_here(name, env, if (behind_namespace) innermost else env, bag, as_function)) return(invisible())
      break
    }
    if (identical(env, emptyenv())) return(invisible())
    if (is_package_frame(env) || behind_namespace) {
      if (exists(name, envir = env, mode = if (as_function) "function" else "any", inherits = FALSE)) return(invisible())
      behind_namespace <- TRUE
    } else {
      innermost <- env
      if (need_here(name, env, env, bag, as_function)) return(invisible())
    }
    env <- parent.env(env)
  }
  home <- home_on_search_path(name, as_function)
  if (is.null(home)) return(invisible())
  if (!is_package_frame(home)) {
    need_here(name, home, if (behind_namespace) innermost else globalenv(), bag, as_function)
  } else if (!identical(home, baseenv())) {
    bag$packages <- c(bag$packages, sub("^package:", "", attr(home, "name")))
  }
  invisible()
}

# Takes `name` from frame `env`, if it is there, into the replica of frame `into`. TRUE when that settles the name: a variable
# does not settle a name that is called, and a promise that fails is left for FUN to meet.
need_here <- function(name, env, into, bag, as_function = FALSE) {
  if (!exists(name, envir = env, inherits = FALSE)) return(FALSE)
  copy <- replica(into, bag)
  at <- frame_number(into, bag)
  if (name %in% bag$done[[at]]) return(!as_function || is.function(copy[[name]]))
  value <- tryCatch(list(get(name, envir = env, inherits = FALSE)), error = function(e) NULL)
  if (is.null(value)) return(TRUE)
  if (as_function && !is.function(value[[1L]])) return(FALSE)
  bag$done[[at]] <- c(bag$done[[at]], name)
  value <- portable(value[[1L]], bag)
  if (is_big(value, bag)) {
    place(bag, list(kind = "frame", env = copy, name = name), value)
    bag$told[[name]] <- data_bytes(value)
  } else {
    assign(name, value, envir = copy)
  }
  TRUE
}

# The `...` of a surrounding function: its values, to be bound again on the worker.
need_dots <- function(env, bag) {
  while (!is_package_frame(env) && !identical(env, globalenv()) && !identical(env, emptyenv())) {
    if (exists("...", envir = env, inherits = FALSE)) {
      copy <- replica(env, bag)
      at <- frame_number(env, bag)
      if ("..." %in% bag$done[[at]]) return(invisible())
      bag$done[[at]] <- c(bag$done[[at]], "...")
      values <- tryCatch(eval(quote(list(...)), env), error = function(e) list())
      bag$dots <- c(bag$dots, list(list(env = copy, values = lapply(values, portable, bag))))
      return(invisible())
    }
    env <- parent.env(env)
  }
  invisible()
}

place <- function(bag, where, value) {
  bag$captured <- c(bag$captured, list(value))
  bag$placed <- c(bag$placed, list(where))
}

# Whether a value is data worth a page of its own.
is_big <- function(value, bag) data_bytes(value) >= bag$share

# Bytes of plain data: an atomic vector's, or all of a list's; 0 for what is not data.
data_bytes <- function(value) {
  switch(typeof(value),
    logical = , integer = 4 * length(value),
    double = 8 * length(value),
    complex = 16 * length(value),
    raw = length(value),
    character = 8 * length(value),
    list = if (is_unfinished(value) || holds_code(value)) 0 else as.numeric(utils::object.size(value)),
    0
  )
}

# Which of these packages must be attached, each with the library it is in. A missing one is an error before anything runs.
check_packages <- function(packages, call = NULL) {
  always <- c("base", "methods", "datasets", "utils", "grDevices", "graphics", "stats")
  packages <- setdiff(packages, always)
  places <- vapply(packages, function(package) {
    path <- if (isNamespaceLoaded(package)) getNamespaceInfo(package, "path") else find.package(package, quiet = TRUE)
    if (!length(path)) {
      abort(
        "package", sprintf("package '%s' is not installed, and FUN needs it on the workers; install.packages(\"%s\")", package, package),
        package = package, call = call
      )
    }
    dirname(path[[1L]])
  }, "")
  stats::setNames(places, packages)
}

# Tells the user what was shared on the way.
tell_captured <- function(told, call) {
  if (!length(told) || option_quiet()) return(invisible())
  what <- paste0("'", names(told), "' (", vapply(told, format_bytes, ""), ")", collapse = ", ")
  text <- sprintf(
    "FUN uses %s of its surroundings: shared with the workers, not copied. Name it in VARS to make that plain.\n", what
  )
  message(memshare_condition("message", "captured", text, variables = told, call = call))
}
