# A call over several hosts in phases: what reads another pass as a whole runs when that is through, and has its values as data, which is known by its
# content like any other. Which pass is in which phase is decided natively (scheduler/src/hosts/phases.rs).

# What came of it, as of a run on one machine.
run_over_hosts <- function(program, hosts, call) {
  check_over_hosts(program, call)
  spec <- program$spec
  state$hosts_calls <- sum(state$hosts_calls, 1)
  deadline <- elapsed() + spec$timeout
  log <- native(ms_hosts_log_begin())
  on.exit(native(ms_hosts_log_end(log, NULL)))
  phases <- phases_of(spec$passes, call)
  values <- vector("list", length(spec$passes))
  conditions <- list()
  notes <- character()
  for (phase in sort(unique(phases))) {
    at <- which(phases == phase)
    part <- program_of_phase(program, at, values)
    part$spec$timeout <- max(deadline - elapsed(), 0)
    out <- run_phase(part, hosts, call, list(id = log, passes = as.double(at)))
    if (is.null(out$error)) values[at[part$spec$gather]] <- lapply(out$values, `[[`, "values")
    conditions <- c(conditions, lapply(out$conditions, in_program, at))
    notes <- c(notes, out$stats$notes)
    if (is.null(out$error)) next
    if (length(out$error$pass)) out$error$pass <- at[[out$error$pass]]
    break
  }
  pass <- vapply(conditions, function(entry) as.double(entry[[1L]]), 0)
  spec$passes <- Map(function(pass, phase) c(pass, list(phase = phase)), spec$passes, phases)
  list(
    values = lapply(spec$gather, function(pass) list(values = values[[pass]])), conditions = conditions[order(pass)], error = out$error,
    stats = list(run = native(ms_hosts_log_end(log, spec)), died = out$stats$died, notes = unique(notes)), over_hosts = TRUE
  )
}

# A condition of a phase's pass, as one of the program's.
in_program <- function(entry, at) {
  entry[[1L]] <- at[[entry[[1L]]]]
  entry
}

phases_of <- function(passes, call) {
  each <- lapply(passes, function(pass) sources_by(pass, TRUE))
  whole <- lapply(passes, function(pass) sources_by(pass, FALSE))
  native(ms_hosts_phases(vapply(passes, `[[`, 0, "n"), each, whole), call)
}

# The passes that a pass reads, element by element or as a whole.
sources_by <- function(pass, each) {
  inputs <- Filter(function(input) (input$kind == "each") == each, pass$inputs)
  as.double(unlist(lapply(c(inputs, if (!each) pass$sides), `[[`, "pass")))
}

# The program of the passes `at` alone; `values`, of those before.
program_of_phase <- function(program, at, values) {
  spec <- program$spec
  given <- new_values(spec, values)
  later <- setdiff(seq_along(spec$passes), at)
  read <- unlist(lapply(spec$passes[later], function(pass) c(sources_by(pass, TRUE), sources_by(pass, FALSE))))
  program$spec$gather <- which(at %in% c(spec$gather, read))
  program$spec$passes <- lapply(spec$passes[at], function(pass) {
    pass$inputs <- lapply(pass$inputs, input_of_phase, at, given)
    pass$sides <- lapply(pass$sides, side_of_phase, given)
    pass
  })
  program$spec[c("data", "data_names")] <- list(given$data, given$names)
  program
}

# The data of a phase: the program's, and values of passes before, each once.
new_values <- function(spec, values) {
  given <- list2env(list(data = spec$data, names = spec$data_names, at = list()), parent = emptyenv())
  # `form`: all values as an element, as a list, or the one.
  given$of <- function(pass, form, names = 0L) {
    key <- paste(pass, form, names)
    if (is.null(given$at[[key]])) {
      found <- values[[pass]]
      if (length(names) && names > 0L) found <- stats::setNames(found, read_name(spec$data[[names]]))
      given$data <- c(given$data, list(switch(form, element = list(found), list = found, one = found[[1L]])))
      given$names <- c(given$names, spec$passes[[pass]]$name)
      given$at[[key]] <- length(given$data)
    }
    given$at[[key]]
  }
  given
}

input_of_phase <- function(input, at, given) {
  pass <- input$pass
  if (is.null(pass)) return(input)
  if (input$kind == "each" && pass %in% at) return(list(kind = "each", pass = match(pass, at)))
  switch(input$kind,
    each = list(kind = "item", data = given$of(pass, "list")),
    whole = list(kind = "item", data = given$of(pass, "element", input$names)),
    list(kind = input$kind, data = given$of(pass, "one"), dim = input$dim)
  )
}

side_of_phase <- function(side, given) {
  if (is.null(side$pass)) return(side)
  list(data = if (isTRUE(side$whole)) given$of(side$pass, "list", side$names) else given$of(side$pass, "one"))
}
