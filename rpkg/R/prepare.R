# Runs on a worker: from a step's payload (payload.R) to a call of FUN that native code evaluates for each element.

# From a step's payload to a call of FUN and the frame it is evaluated in, which native code then calls for each element.
prepare <- function(step, external) {
  head <- unserialize(step$payload)
  # A worker of ours draws random numbers from a state of its own.
  if (!external && exists(".Random.seed", envir = globalenv(), inherits = FALSE)) rm(".Random.seed", envir = globalenv())
  for (package in names(head$packages)) attach_package(package, head$packages[[package]])
  body <- bind_globals(native(ms_unpack(head$body, step$captured)), head$own, external)
  # Over several hosts the session writes what is to be written.
  if (isTRUE(head$handed_in)) body$dots$.how$into <- NULL
  bind_dots(body$frame_dots)
  made <- call_of(body)
  native(ms_worker_ready(made$call, made$forced, made$frame, made$elements, stream_setter(head$seed, sum(head$before))))
}

# A worker of ours has what the session has attached; packages that only this call asks for, and those that nodes of the user's cluster
# lack, are attached for the run.
attach_package <- function(package, library) {
  if (paste0("package:", package) %in% search()) return(invisible())
  loading(package, suppressPackageStartupMessages(
    library(package, character.only = TRUE, lib.loc = c(library, .libPaths()), warn.conflicts = FALSE, quietly = TRUE)
  ))
  mirror$for_run <- c(mirror$for_run, paste0("package:", package))
}

# What was attached for the run alone is not there for the next.
detach_packages <- function() {
  for (entry in intersect(mirror$for_run, search())) detach(entry, character.only = TRUE)
  mirror$for_run <- NULL
}

# Puts frames' `...` where FUN looks for them.
bind_dots <- function(entries) {
  for (entry in entries) {
    assign("...", get("...", envir = frame_of(entry$values, NULL)), envir = entry$env)
  }
}

# Binds the session's global variables in the global environment, or, where a pass has its `own`, in an environment in front of it, in
# which its functions then live. What the global environment of a cluster's node had of these names is put back after the run.
bind_globals <- function(body, own, external) {
  env <- globalenv()
  if (own) {
    env <- new.env(parent = globalenv())
    body <- moved_to(body, env)
  }
  for (name in c(names(body$globals), names(body$absent))) {
    if (external && !own) set_aside(name)
    if (exists(name, envir = env, inherits = FALSE)) rm(list = name, envir = env)
    if (name %in% names(body$absent)) {
      bind_absent(name, body$absent[[name]], env)
    } else {
      bind(name, list(active = name %in% body$active, value = body$globals[[name]]), env)
    }
  }
  body
}

# Binds a name to what binding_of() gave.
bind <- function(name, bound, env) {
  if (bound$active) makeActiveBinding(name, bound$value, env) else assign(name, bound$value, envir = env)
}

bind_absent <- function(name, bytes, env) {
  force(bytes)
  delayedAssign(name, absent_global(name, bytes), assign.env = env)
}

# Functions of the global environment, and frames around which it stands, get `front` instead.
moved_to <- function(body, front) {
  moved <- function(value) {
    if (typeof(value) == "closure" && identical(environment(value), globalenv())) environment(value) <- front
    value
  }
  body$fun <- moved(body$fun)
  for (field in c("dots", "functions", "globals")) body[[field]] <- lapply(body[[field]], moved)
  body$frame_dots <- lapply(body$frame_dots, function(entry) list(env = entry$env, values = lapply(entry$values, moved)))
  for (frame in body$frames) {
    if (identical(parent.env(frame), globalenv())) parent.env(frame) <- front
    for (name in ls(frame, all.names = TRUE, sorted = FALSE)) {
      if (!bindingIsActive(as.name(name), frame)) assign(name, moved(get(name, envir = frame)), envir = frame)
    }
  }
  body
}

# Remembers what a global variable of a cluster's node is, once a run.
set_aside <- function(name) {
  if (name %in% names(state$aside)) return(invisible())
  there <- exists(name, envir = globalenv(), inherits = FALSE)
  state$aside[name] <- list(if (there) binding_of(name, globalenv()))
}

put_back_globals <- function() {
  for (name in names(state$aside)) {
    bound <- state$aside[[name]]
    if (exists(name, envir = globalenv(), inherits = FALSE)) rm(list = name, envir = globalenv())
    if (!is.null(bound)) bind(name, bound, globalenv())
  }
  state$aside <- list()
}
