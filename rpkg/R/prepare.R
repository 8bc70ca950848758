# Runs on a worker: from a step's payload (payload.R) to a call of FUN that native code evaluates for each element.

# From a step's payload to a call of FUN and the frame it is evaluated in, which native code then calls for each element.
prepare <- function(step, guest) {
  head <- unserialize(step$payload)
  # A worker of ours draws random numbers from a state of its own.
  if (!guest && exists(".Random.seed", envir = globalenv(), inherits = FALSE)) rm(".Random.seed", envir = globalenv())
  for (package in names(head$packages)) attach_package(package, head$packages[[package]])
  body <- bind_captured(unserialize(head$body), step$captured)
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

# A worker of ours has what the session has attached; others and nodes of the user's cluster may lack it.
attach_package <- function(package, library) {
  if (paste0("package:", package) %in% search()) return(invisible())
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
    assign("...", get("...", envir = do.call(dots_frame, entry$values, quote = TRUE)), envir = entry$env)
  }
  body
}
