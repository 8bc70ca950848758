# Runs on a worker: from a step's payload (payload.R) to a call of FUN that native code evaluates for each element.

# From a step's payload to a call of FUN and the frame it is evaluated in, which native code then calls for each element.
prepare <- function(step, guest) {
  head <- unserialize(step$payload)
  # A worker of ours draws random numbers from a state of its own.
  if (!guest && exists(".Random.seed", envir = globalenv(), inherits = FALSE)) rm(".Random.seed", envir = globalenv())
  for (package in names(head$packages)) attach_package(package, head$packages[[package]])
  body <- bind_captured(unserialize(head$body), step$captured)
  made <- call_of(body)
  native(ms_worker_ready(made$call, made$frame, made$elements, stream_setter(head$seed)))
}

# A worker of ours has what the session has attached; packages that only this call asks for, and those that nodes of the user's cluster
# lack, are attached for the run.
attach_package <- function(package, library) {
  if (paste0("package:", package) %in% search()) return(invisible())
  suppressPackageStartupMessages(
    library(package, character.only = TRUE, lib.loc = c(library, .libPaths()), warn.conflicts = FALSE, quietly = TRUE)
  )
  mirror$for_run <- c(mirror$for_run, paste0("package:", package))
}

# What was attached for the run alone is not there for the next.
detach_packages <- function() {
  for (entry in intersect(mirror$for_run, search())) detach(entry, character.only = TRUE)
  mirror$for_run <- NULL
}

# Puts what was shared, and frames' `...`, where FUN looks for them.
bind_captured <- function(body, captured) {
  for (i in seq_along(body$placed)) {
    where <- body$placed[[i]]
    if (where$kind == "dots") body$dots[[where$at]] <- captured[[i]] else assign(where$name, captured[[i]], envir = where$env)
  }
  for (entry in body$frame_dots) {
    assign("...", get("...", envir = frame_of(entry$values, NULL)), envir = entry$env)
  }
  body
}
