# What FUN and the functions it calls need of their surroundings is captured here: replicas of the frames that they can see, and variables
# of the global environment. A replica holds only the needed variables, so that a function made inside another does not take that
# function's big matrix along, and two closures with variables of one name keep their own. A function whose code can look things up by
# names that are computed keeps its frames as they are.

# A value as it can travel. `called`: it is only called, so that nothing can see its source references.
portable <- function(value, capture, called = FALSE) {
  if (typeof(value) == "closure") return(portable_function(value, capture, called))
  scan_data(value, capture)
  value
}

all_portable <- function(values, capture) if (length(values)) lapply(values, portable, capture) else list()

portable_function <- function(fun, capture, called) {
  env <- environment(fun)
  if (is_package_frame(env)) {
    if (called && is_lookup(fun)) capture$others <- TRUE
    return(fun)
  }
  analysis <- analysis_of(fun)
  if (analysis$looks_up) capture$others <- TRUE
  capture$named <- c(capture$named, analysis$named)
  if (isS4(fun) || analysis$sees_frames && !identical(env, globalenv())) {
    scan_data(fun, capture)
    return(fun)
  }
  copy <- fun
  if (called && !analysis$sees_frames || !identical(env, globalenv())) {
    copy <- analysis$template
    kept <- attributes(fun)
    if (called) kept$srcref <- NULL
    if (length(kept)) attributes(copy) <- kept
    environment(copy) <- replica(env, capture)
  }
  need(analysis$variables, FALSE, env, capture)
  need(analysis$called, TRUE, env, capture)
  if (analysis$dots) need_dots(env, capture)
  copy
}

# The replica of a frame, made on first sight together with those around it and the S3 methods that are defined there.
replica <- function(env, capture) {
  if (is_package_frame(env) || identical(env, globalenv()) || identical(env, emptyenv())) return(env)
  at <- frame_number(env, capture)
  if (at) return(capture$to[[at]])
  copy <- new.env(parent = replica(parent.env(env), capture))
  capture$from <- c(capture$from, list(env))
  capture$to <- c(capture$to, list(copy))
  capture$done <- c(capture$done, list(character()))
  for (name in methods_in(env)) need_here(name, env, capture, TRUE)
  copy
}

frame_number <- function(env, capture) {
  for (i in seq_along(capture$from)) if (identical(capture$from[[i]], env)) return(i)
  0L
}

# Finds the variables that `names` mean in `env`, as R would, and puts them into their frames' replicas or among the globals. Found in a
# package: nothing to do but to attach the package, if it is on the search path. Found nowhere: it may exist on the worker, or be a
# column name.
need <- function(names, as_function, env, capture) {
  while (length(names) && !identical(env, globalenv())) {
    if (identical(env, emptyenv())) return(invisible())
    of_package <- is_package_frame(env)
    for (name in native(ms_bound(names, env))) {
      settled <- if (of_package) !as_function || is_function_there(name, env) else need_here(name, env, capture, as_function)
      if (settled) names <- names[names != name]
    }
    env <- parent.env(env)
  }
  for (name in native(ms_bound(names, env))) if (need_global(name, as_function, capture)) names <- names[names != name]
  if (length(names)) need_attached(names, as_function, capture)
}

# The names that no frame below the search path has: attaches the packages that have them, and takes variables of lists that were attached. What
# packages hold is remembered as long as the search path stays the same.
need_attached <- function(names, as_function, capture) {
  path <- search()
  if (!identical(path, state$search)) {
    state$search <- path
    state$places <- new.env(parent = emptyenv())
  }
  keys <- paste0(if (as_function) "f:" else "v:", names)
  places <- unlist(mget(keys, envir = state$places, ifnotfound = NA_character_), use.names = FALSE)
  for (i in seq_along(path)[-1L]) {
    if (!anyNA(places)) break
    env <- as.environment(i)
    for (name in native(ms_bound(names[is.na(places)], env))) {
      if (as_function && !is_function_there(name, env)) next
      at <- match(name, names)
      of_package <- is_package_frame(env)
      # A variable of a list asks for no package, as those of base do.
      places[[at]] <- if (of_package) sub("^package:", "", path[[i]]) else "base"
      if (of_package) assign(keys[[at]], places[[at]], envir = state$places) else need_global(name, as_function, capture, env)
    }
  }
  capture$packages <- c(capture$packages, places[!is.na(places) & places != "base"])
}

# Takes `name` from frame `env`, which has it, into the frame's replica. TRUE when that settles the name: a variable does not
# settle a name that is called, and a promise that fails is left for FUN to meet.
need_here <- function(name, env, capture, as_function = FALSE) {
  copy <- replica(env, capture)
  at <- frame_number(env, capture)
  if (name %in% capture$done[[at]]) return(!as_function || is.function(copy[[name]]))
  bound <- binding_of(name, env)
  if (is.null(bound)) return(TRUE)
  if (as_function && !bound$active && !is.function(bound$value)) return(FALSE)
  capture$done[[at]] <- c(capture$done[[at]], name)
  value <- portable(bound$value, capture, as_function && !bound$active)
  if (bound$active) {
    makeActiveBinding(name, value, copy)
  } else {
    tell_size(name, value, capture)
    assign(name, value, envir = copy)
  }
  TRUE
}

# What a name is bound to in an environment: its value, or the function of an active binding. NULL where there is none to be had.
binding_of <- function(name, env) {
  plain <- native(ms_plain_value(name, env))
  if (!is.null(plain)) return(list(active = FALSE, value = plain[[1L]]))
  if (bindingIsActive(as.name(name), env)) return(list(active = TRUE, value = activeBindingFunction(as.name(name), env)))
  interrupted <- FALSE
  value <- withCallingHandlers(value_of(name, env, function() interrupted), interrupt = function(i) interrupted <<- TRUE)
  if (!is.null(value)) list(active = FALSE, value = value[[1L]])
}

# A variable's value in a list, or NULL where it cannot be had. Code that leaves a call of the session (callCC, return() in a promise) cannot do so from a
# worker. Ctrl-C, of which `interrupted` tells, leaves it too.
value_of <- function(name, env, interrupted) {
  stays <- FALSE
  on.exit(if (!stays && !interrupted()) abort_input(sprintf(
    "FUN reaches '%s', which leaves a call of this session when it is evaluated, as the function that callCC() gives does; a worker cannot leave it: leave it out of FUN", name
  )))
  value <- tryCatch(list(get(name, envir = env, inherits = FALSE)), error = function(e) NULL)
  stays <- TRUE
  value
}

# The `...` of a surrounding function: its values, to be bound again on the worker.
need_dots <- function(env, capture) {
  while (!is_package_frame(env) && !identical(env, globalenv()) && !identical(env, emptyenv())) {
    if (exists("...", envir = env, inherits = FALSE)) {
      copy <- replica(env, capture)
      at <- frame_number(env, capture)
      if ("..." %in% capture$done[[at]]) return(invisible())
      capture$done[[at]] <- c(capture$done[[at]], "...")
      values <- tryCatch(eval(quote(list(...)), env), error = function(e) list())
      capture$dots <- c(capture$dots, list(list(env = copy, values = lapply(values, portable, capture))))
      return(invisible())
    }
    env <- parent.env(env)
  }
  invisible()
}

# Notes a big variable for the message to the user.
tell_size <- function(name, value, capture) {
  if (typeof(value) == "closure") return(invisible())
  bytes <- bytes_of(value)
  if (bytes >= capture$share) capture$told[[name]] <- bytes
}

# Whether a value is a vector without attributes, or another thing that has no parts.
is_bare <- function(value) is.atomic(value) && is.null(attributes(value)) || typeof(value) %in% c("builtin", "special")

# Bytes of all data that a value reaches.
bytes_of <- function(value) if (is_bare(value)) bare_bytes(value) else native(ms_survey(value))[[2L]]

bare_bytes <- function(value) {
  switch(typeof(value), logical = , integer = 4, double = , character = 8, complex = 16, raw = 1, 0) * length(value)
}

# Takes `name` from the global environment, or from a list that was attached, which has it, among the globals, with what it needs itself. TRUE when
# that settles the name, as for need_here().
need_global <- function(name, as_function, capture, from = globalenv()) {
  if (name %in% names(capture$globals)) return(!as_function || is.function(capture$globals[[name]]) || name %in% capture$active)
  bound <- binding_of(name, from)
  if (is.null(bound)) return(TRUE)
  if (as_function && !bound$active && !is.function(bound$value)) return(FALSE)
  # There before its own needs are looked for: a function may call itself.
  capture$globals[name] <- list(bound$value)
  if (bound$active) capture$active <- c(capture$active, name) else tell_size(name, bound$value, capture)
  capture$globals[name] <- list(portable(bound$value, capture, as_function && !bound$active))
  TRUE
}

# Finds what functions and code inside data need of the global environment. Their own frames and environments travel whole, with the
# data. Names in calls and formulas (the call of a fitted model, say) may be evaluated by FUN, in its surroundings.
scan_data <- function(value, capture) {
  if (is_bare(value)) return(invisible())
  code <- native(ms_code(value))
  if (is.null(code)) return(invisible())
  for (name in code$names[code$names %in% global_names()]) need_global(name, FALSE, capture)
  if (!length(code$functions)) return(invisible())
  looks <- any(code$inside %in% lookup_functions)
  if (!looks && !any(code$inside %in% global_names())) return(invisible())
  for (fun in code$functions) scan_function(fun, capture)
}

# What a function needs of the global environment, whose frames travel with it. A package's needs nothing of it.
scan_function <- function(fun, capture) {
  if (typeof(fun) != "closure") return(invisible())
  env <- environment(fun)
  if (is_package_frame(env)) return(invisible())
  analysis <- analysis_of(fun)
  if (analysis$looks_up) capture$others <- TRUE
  capture$named <- c(capture$named, analysis$named)
  # First what is quickly told: the methods that a session registers name hundreds of things, and every call looks at them.
  for (name in native(ms_bound(analysis$variables, globalenv()))) if (!is_local(name, env)) need_global(name, FALSE, capture)
  for (name in native(ms_bound(analysis$called, globalenv()))) if (!is_local(name, env)) need_global(name, TRUE, capture)
}

# Whether a name is found before the global environment is asked.
is_local <- function(name, env) {
  while (!identical(env, globalenv()) && !identical(env, emptyenv())) {
    if (exists(name, envir = env, inherits = FALSE)) return(TRUE)
    env <- parent.env(env)
  }
  FALSE
}

global_names <- function() names(globalenv())
