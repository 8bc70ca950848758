# What travels to the workers besides the data: FUN, its further arguments, and of its surroundings what FUN needs. Functions that
# live in the global environment stay there, and the variables that they need are bound in the worker's global environment
# (globals.R). Of a function's local frames replicas travel, with what it needs of them (capture.R). What is reached through data (a
# formula's environment, an R6 object, functions in a list) travels whole, as serialize() gives it. Big data is taken out of all of
# this by native code and shared as pages.
#
# The *capture* is what is gathered on the way: `from` and `to` (frames and their replicas), `done` (names already looked up, a
# character vector a frame), `dots` (values of frames' `...`), `globals` (values by name, of active bindings their functions, whose
# names are in `active`), `others` (whether the code may look up any name), `packages` (to attach), `named` (by FUN's
# code, to load), `told` (names and sizes for the user), `share` (bytes from which data counts as big).
new_capture <- function(share = option_share()) {
  from <- to <- done <- dots <- globals <- list()
  active <- packages <- named <- character()
  told <- numeric()
  others <- FALSE
  force(share)
  environment()
}

# The payload of a call: `head` and `body` for the worker, `captured` for native code to share, `globals` to compare with those of
# other passes. `given`: what FUN is given besides elements: `dots`, the names of side `variables`, `functions`, and the `form` of its call.
# `data`: what else travels, and may hold functions.
build_payload <- function(fun, given, capture, control, call = NULL, data = list()) {
  within_stack(payload_within(fun, given, capture, control, call, data), call)
}

payload_within <- function(fun, given, capture, control, call, data) {
  surroundings <- environment(fun)
  fun <- portable(fun, capture, TRUE)
  dots <- all_portable(given$dots, capture)
  functions <- all_portable(given$functions, capture)
  for (value in data) scan_data(value, capture)
  if (length(control$globals)) add_asked_globals(control$globals, surroundings, capture, call)
  add_methods(capture)
  absent <- if (capture$others) add_other_globals(capture)
  body <- list(
    fun = fun, dots = dots, frame_dots = capture$dots, variables = given$variables, functions = functions,
    form = if (is.null(given$form)) call_form() else given$form,
    globals = capture$globals, active = capture$active, absent = absent, frames = if (length(capture$globals)) capture$to
  )
  packed <- native(ms_pack(body, capture$share), call)
  head <- list(
    packages = check_packages(c(capture$packages, control$packages), call),
    on_error = control$on_error, seed = control$seed
  )
  named <- c(capture$named, control$packages)
  list(head = head, body = packed$raw, captured = packed$parts, globals = capture$globals, named = if (length(named)) unique(named) else character())
}

# The bytes of a payload. `own`: another pass of the plan has other values of the same global variables, so that this one gets an
# environment for its own in front of the global one.
serialized <- function(payload, own = FALSE) {
  serialize(c(payload$head, list(own = own, body = payload$body)), NULL, xdr = FALSE)
}

# Which passes have global variables that differ from those of an earlier pass.
differing <- function(payloads) {
  seen <- list()
  vapply(payloads, function(payload) {
    for (name in names(payload$globals)) {
      value <- payload$globals[name]
      if (name %in% names(seen)) {
        if (!identical(seen[name], value, num.eq = FALSE, single.NA = FALSE)) return(TRUE)
      } else {
        seen[name] <<- value
      }
    }
    FALSE
  }, NA)
}

# Which of these packages must be attached, each with the library it is in. A missing one is an error before anything runs.
check_packages <- function(packages, call = NULL) {
  if (!length(packages)) return(character())
  always <- c("base", "methods", "datasets", "utils", "grDevices", "graphics", "stats")
  packages <- unique(packages[!packages %in% always])
  if (!length(packages)) return(character())
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
