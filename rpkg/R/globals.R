# Variables of the global environment that travel: those that FUN and the functions it reaches need, S3 methods, those that the user
# names, and, where code looks up names that are computed, all others as far as they are small. On the worker they are bound in its own
# global environment (prepare.R).

# The largest of the other globals that travels by value, and all of them together, in bytes.
small_global <- 65536
small_globals <- 1e6

# Takes `name` from the global environment, or from a list that was attached, among the globals, with what it needs itself. TRUE when
# that settles the name, as for need_here().
need_global <- function(name, as_function, bag, from = globalenv()) {
  if (name %in% names(bag$globals)) return(!as_function || is.function(bag$globals[[name]]) || name %in% bag$active)
  if (!exists(name, envir = from, inherits = FALSE)) return(FALSE)
  bound <- binding_of(name, from)
  if (is.null(bound)) return(TRUE)
  if (as_function && !bound$active && !is.function(bound$value)) return(FALSE)
  # There before its own needs are looked for: a function may call itself.
  bag$globals[name] <- list(bound$value)
  if (bound$active) bag$active <- c(bag$active, name) else tell_size(name, bound$value, bag)
  bag$globals[name] <- list(portable(bound$value, bag, as_function && !bound$active))
  TRUE
}

# Finds what functions and code inside data need of the global environment. Their own frames and environments travel whole, with the
# data. Names in calls and formulas (the call of a fitted model, say) may be evaluated by FUN, in its surroundings.
scan_data <- function(value, bag) {
  if (is_bare(value)) return(invisible())
  code <- native(ms_code(value))
  if (is.null(code)) return(invisible())
  for (name in code$names[code$names %in% global_names()]) need_global(name, FALSE, bag)
  if (!length(code$functions)) return(invisible())
  looks <- any(code$inside %in% lookup_functions)
  if (!looks && !any(code$inside %in% global_names())) return(invisible())
  for (fun in code$functions) scan_function(fun, bag)
}

# What a function needs of the global environment, whose frames travel with it.
scan_function <- function(fun, bag) {
  if (typeof(fun) != "closure") return(invisible())
  env <- environment(fun)
  analysis <- analysis_of(fun)
  if (analysis$looks_up) bag$others <- TRUE
  bag$named <- c(bag$named, analysis$named)
  for (name in analysis$variables) if (!is_local(name, env)) need_global(name, FALSE, bag)
  for (name in analysis$called) if (!is_local(name, env)) need_global(name, TRUE, bag)
}

# Whether a name is found before the global environment is asked.
is_local <- function(name, env) {
  while (!identical(env, globalenv()) && !identical(env, emptyenv())) {
    if (exists(name, envir = env, inherits = FALSE)) return(TRUE)
    env <- parent.env(env)
  }
  FALSE
}

global_names <- function() ls(globalenv(), all.names = TRUE, sorted = FALSE)

# S3 methods that the global environment defines, and what methods need that only the session has: FUN calls neither by name.
add_methods <- function(bag) {
  if (length(globalenv())) for (name in methods_in(globalenv())) need_global(name, TRUE, bag)
  for (fun in session_functions()) scan_function(fun, bag)
}

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

# The names of memControl(globals = ), from where FUN would find them.
add_asked_globals <- function(names, env, bag, call) {
  if (is.null(env)) env <- globalenv()
  for (name in names) {
    if (!exists(name, envir = env)) {
      abort_input(sprintf("memControl(globals = ) names '%s', but FUN finds no variable of that name", name), call)
    }
    need(name, FALSE, env, bag)
  }
}

# The rest of the global environment, for code that looks up names that are computed. Gives the sizes of those that are too big to
# travel unasked; what travels is not looked into further, for whatever it may need is there or among those.
add_other_globals <- function(bag) {
  absent <- numeric()
  left <- small_globals
  for (name in setdiff(global_names(), c(names(bag$globals), ".Random.seed"))) {
    bound <- binding_of(name, globalenv())
    if (is.null(bound)) next
    bytes <- bytes_of(bound$value)
    if (bytes >= small_global || bytes > left) {
      absent[[name]] <- bytes
      next
    }
    left <- left - bytes
    bag$globals[name] <- list(bound$value)
    if (bound$active) bag$active <- c(bag$active, name)
  }
  absent
}

# On a worker, what a variable is that did not travel: an error when it is used.
absent_global <- function(name, bytes) {
  abort(
    "global",
    sprintf(
      paste(
        "'%s' (%s) of the session's global environment did not travel to the worker, for FUN does not name it;",
        "name it in memControl(globals = \"%s\")"
      ), name, format_bytes(bytes), name
    ),
    name = name
  )
}
