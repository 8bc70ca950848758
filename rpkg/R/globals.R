# Variables of the global environment that travel besides those that FUN and the functions it reaches need (capture.R): S3 methods, those
# that the user names, and, where code looks up names that are computed, all others as far as they are small. On the worker they are
# bound in its own global environment (prepare.R).

# The largest of the other globals that travels by value, and all of them together, in bytes.
small_global <- 65536
small_globals <- 1e6

# S3 methods that the global environment defines, and what methods need that only the session has: FUN calls neither by name.
add_methods <- function(capture) {
  if (length(globalenv())) for (name in methods_in(globalenv())) need_global(name, TRUE, capture)
  for (fun in session_functions()) scan_function(fun, capture)
}

# The names of memControl(globals = ), from where FUN would find them.
add_asked_globals <- function(names, env, capture, call) {
  if (is.null(env)) env <- globalenv()
  for (name in names) {
    if (!exists(name, envir = env)) {
      abort_input(sprintf("memControl(globals = ) names '%s', but FUN finds no variable of that name: correct the name, or define it", name), call)
    }
    need(name, FALSE, env, capture)
  }
}

# The rest of the global environment, for code that looks up names that are computed. Gives the sizes of those that are too big to
# travel unasked; what travels is not looked into further, for whatever it may need is there or among those.
add_other_globals <- function(capture) {
  absent <- numeric()
  left <- small_globals
  for (name in setdiff(global_names(), c(names(capture$globals), ".Random.seed", definition_names()))) {
    bound <- binding_of(name, globalenv())
    if (is.null(bound)) next
    bytes <- bytes_of(bound$value)
    if (bytes >= small_global || bytes > left) {
      absent[[name]] <- bytes
      next
    }
    left <- left - bytes
    capture$globals[name] <- list(bound$value)
    if (bound$active) capture$active <- c(capture$active, name)
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
