# Runs on a worker: from a step's payload (payload.R) to a call of FUN that native code evaluates for each element.

# From a step's payload to a call of FUN and the frame it is evaluated in, which native code then calls for each element.
prepare <- function(step, guest) {
  head <- unserialize(step$payload)
  if (!guest) fresh_random_numbers(head$random)
  for (package in names(head$packages)) attach_package(package, head$packages[[package]])
  directory <- head$directory
  if (!is.null(directory) && !identical(getwd(), directory) && dir.exists(directory)) setwd(directory)
  options(head$options)
  body <- bind_captured(unserialize(head$body), step$captured)
  made <- call_of(body)
  native(ms_worker_ready(made$call, made$frame, made$elements, stream_setter(head$seed)))
}

attach_package <- function(package, library) {
  suppressPackageStartupMessages(
    library(package, character.only = TRUE, lib.loc = c(library, .libPaths()), warn.conflicts = FALSE, quietly = TRUE)
  )
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
