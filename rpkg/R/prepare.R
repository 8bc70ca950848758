# Runs on a worker: from a step's payload (payload.R) to a call of FUN that native code evaluates for each element.

# From a step's payload to a call of FUN and the frame it is evaluated in, which native code then calls for each element.
prepare <- function(step, guest) {
  head <- unserialize(step$payload)
  if (!guest) fresh_random_numbers(head$random)
  for (package in names(head$packages)) attach_package(package, head$packages[[package]])
  directory <- head$directory
  if (!is.null(directory) && !identical(getwd(), directory) && dir.exists(directory)) setwd(directory)
  options(head$options)
  body <- bind_globals(native(ms_unpack(head$body, step$captured)), head$own, guest)
  bind_dots(body$frame_dots)
  frame <- if (length(body$dots)) do.call(dots_frame, body$dots, quote = TRUE) else new.env(parent = baseenv())
  assign(".FUN", body$fun, envir = frame)
  for (name in names(body$functions)) assign(name, body$functions[[name]], envir = frame)
  names <- c(body$variables, names(body$functions))
  sides <- lapply(names, as.name)
  names(sides) <- names
  elements <- element_arguments(body$elements)
  call <- as.call(c(list(quote(forceAndCall), length(elements), quote(.FUN)), elements, sides, if (length(body$dots)) quote(...)))
  native(ms_worker_ready(call, frame, stream_setter(head$seed)))
}

# FUN's element arguments: `.element`, `.element2` and so on, which native code binds in the frame. `names` are those of the
# arguments, "" for one by position; a call over one collection has none.
element_arguments <- function(names) {
  symbols <- lapply(paste0(".element", c("", seq_along(names)[-1L])), as.name)
  if (any(nzchar(names))) stats::setNames(symbols, names) else symbols
}

# A frame whose `...` holds the arguments, evaluated, as a function's would.
dots_frame <- function(...) {
  list(...)
  environment()
}
environment(dots_frame) <- baseenv()

attach_package <- function(package, library) {
  suppressPackageStartupMessages(
    library(package, character.only = TRUE, lib.loc = c(library, .libPaths()), warn.conflicts = FALSE, quietly = TRUE)
  )
}

# Puts frames' `...` where FUN looks for them.
bind_dots <- function(entries) {
  for (entry in entries) {
    assign("...", get("...", envir = do.call(dots_frame, entry$values, quote = TRUE)), envir = entry$env)
  }
}

# Binds the session's global variables in the global environment, or, where a pass has its `own`, in an environment in front of it, in
# which its functions then live. What a guest's global environment had of these names is put back after the run.
bind_globals <- function(body, own, guest) {
  env <- globalenv()
  if (own) {
    env <- new.env(parent = globalenv())
    body <- rehomed(body, env)
  }
  for (name in c(names(body$globals), names(body$absent))) {
    if (guest && !own) set_aside(name)
    if (exists(name, envir = env, inherits = FALSE)) rm(list = name, envir = env)
    if (name %in% names(body$absent)) {
      bind_absent(name, body$absent[[name]], env)
    } else if (name %in% body$active) {
      makeActiveBinding(name, body$globals[[name]], env)
    } else {
      assign(name, body$globals[[name]], envir = env)
    }
  }
  body
}

bind_absent <- function(name, bytes, env) delayedAssign(name, absent_global(name, bytes), assign.env = env)

# Functions of the global environment, and frames around which it stands, get `front` instead.
rehomed <- function(body, front) {
  home <- function(value) {
    if (typeof(value) == "closure" && identical(environment(value), globalenv())) environment(value) <- front
    value
  }
  body$fun <- home(body$fun)
  for (field in c("dots", "functions", "globals")) body[[field]] <- lapply(body[[field]], home)
  body$frame_dots <- lapply(body$frame_dots, function(entry) list(env = entry$env, values = lapply(entry$values, home)))
  for (frame in body$frames) {
    if (identical(parent.env(frame), globalenv())) parent.env(frame) <- front
    for (name in ls(frame, all.names = TRUE, sorted = FALSE)) {
      if (!bindingIsActive(as.name(name), frame)) assign(name, home(get(name, envir = frame)), envir = frame)
    }
  }
  body
}

# Remembers what a global variable of a guest is, once a run.
set_aside <- function(name) {
  if (name %in% names(state$aside)) return(invisible())
  there <- exists(name, envir = globalenv(), inherits = FALSE)
  state$aside[name] <- list(if (there) binding_of(name, globalenv()))
}

put_back_globals <- function() {
  for (name in names(state$aside)) {
    bound <- state$aside[[name]]
    if (exists(name, envir = globalenv(), inherits = FALSE)) rm(list = name, envir = globalenv())
    if (is.null(bound)) next
    if (bound$active) makeActiveBinding(name, bound$value, globalenv()) else assign(name, bound$value, envir = globalenv())
  }
  state$aside <- list()
}
