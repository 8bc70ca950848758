# A call over several hosts in phases: what reads another pass as a whole runs when that is through, and has its values as data, which is known by its
# content like any other. Which pass is in which phase is decided natively (scheduler/src/hosts/phases.rs).

# What came of it, as of a run on one machine.
run_over_hosts <- function(program, hosts, call) {
  state$hosts_calls <- sum(state$hosts_calls, 1)
  if (!is.null(program$checkpoint)) {
    program <- with_checkpoint(program, call)
    on.exit(native(ms_checkpoint_close(program$spec$checkpoint)))
  }
  log <- native(ms_hosts_log_begin())
  on.exit(native(ms_hosts_log_end(log, NULL)), add = TRUE)
  earlier <- earlier_of(program, phases_of(program$spec$passes, call), call)
  leaving <- new_leaving(program, earlier)
  on.exit(keep_parts(leaving, program), add = TRUE)
  tell_earlier(program, earlier, log)
  written <- written_by(program)
  program$spec <- handing_in(program$spec, written)
  out <- run_phases(program, hosts, call, earlier, list(log = log, leaving = leaving, written = written))
  leaving$through <- is.null(out$error)
  shown <- in_phases(program$spec, earlier$phases)
  shown[c("checkpoint", "again", "again_passes")] <- NULL
  out$stats$run <- native(ms_hosts_log_end(log, shown))
  out$stats$unlogged <- leaving$unlogged
  out
}

# Phase by phase. `told`: the call's log, what it leaves, and what of its values is written (hosts-into.R).
run_phases <- function(program, hosts, call, earlier, told) {
  spec <- program$spec
  deadline <- elapsed() + spec$timeout
  values <- results <- vector("list", length(spec$passes))
  conditions <- list()
  notes <- character()
  for (phase in which(tabulate(earlier$phases) > 0L)) {
    at <- which(earlier$phases == phase)
    gather <- gather_of(spec, at)
    given <- parts_in(earlier$parts, phase)
    n <- spec$passes[[at[[1L]]]]$n
    if (done_of(given) == n) {
      out <- out_of_parts(given)
    } else {
      part <- program_of_phase(program, at, gather, values)
      part$spec$timeout <- max(deadline - elapsed(), 0)
      done <- function(part) leave_part(told$leaving, phase, part)
      take <- function(came) write_handed_in(came, told$written[at], gather)
      out <- run_phase(part, hosts, call, list(log = told$log, passes = as.double(at), given = given, take = take, done = done))
    }
    conditions <- c(conditions, lapply(out$conditions, in_program, at))
    notes <- c(notes, out$stats$notes)
    if (!is.null(out$error)) {
      if (length(out$error$pass)) out$error$pass <- at[[out$error$pass]]
      if (isTRUE(out$error$written)) native(ms_hosts_log_failed(told$log, out$error$pass, out$error$index))
      break
    }
    results[at[gather]] <- out$values
    values[at[gather]] <- lapply(out$values, all_values, n)
  }
  if (length(conditions)) conditions <- conditions[order(vapply(conditions, function(entry) as.double(entry[[1L]]), 0))]
  list(
    values = results[spec$gather], conditions = conditions, error = out$error,
    stats = list(died = out$stats$died, notes = unique(notes)), over_hosts = TRUE
  )
}

# The values of all elements, as far as they are there.
all_values <- function(results, n) {
  if (is.null(results$places)) return(results$values)
  whole <- vector("list", n)
  whole[results$places] <- results$values
  whole
}

# Of the passes `at` those whose values are wanted, or read by others.
gather_of <- function(spec, at) {
  others <- setdiff(seq_along(spec$passes), at)
  read <- unlist(lapply(spec$passes[others], function(pass) c(sources_by(pass, TRUE), sources_by(pass, FALSE))))
  which(at %in% c(spec$gather, read))
}

# A condition of a phase's pass, as one of the program's.
in_program <- function(entry, at) {
  entry[[1L]] <- at[[entry[[1L]]]]
  entry
}

phases_of <- function(passes, call) {
  if (length(passes) == 1L) return(1)
  each <- lapply(passes, function(pass) sources_by(pass, TRUE))
  whole <- lapply(passes, function(pass) sources_by(pass, FALSE))
  native(ms_hosts_phases(vapply(passes, `[[`, 0, "n"), each, whole), call)
}

# The passes that a pass reads, element by element or as a whole.
sources_by <- function(pass, each) {
  inputs <- Filter(function(input) (input$kind == "each") == each, pass$inputs)
  as.double(unlist(lapply(c(inputs, if (!each) pass$sides), `[[`, "pass")))
}

# The program of the passes `at` alone, of which `gather` are wanted; `values`, of those before.
program_of_phase <- function(program, at, gather, values) {
  spec <- program$spec
  program$spec$gather <- gather
  if (length(at) == length(spec$passes)) return(program)
  given <- new_values(spec, values)
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
  # `form`: all values as an element, as the results that are one, as a list, or the one.
  given$of <- function(pass, form, names = 0L) {
    key <- paste(pass, form, names)
    if (is.null(given$at[[key]])) {
      found <- values[[pass]]
      said <- if (length(names) && names > 0L) read_name(spec$data[[names]])
      given$data <- c(given$data, list(switch(form,
        element = list(found), results = list(list(values = found, k = NULL, n = length(found), names = said)),
        list = named(found, said), one = found[[1L]]
      )))
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
    whole = list(kind = "item", data = given$of(pass, "element")),
    results = list(kind = "item", data = given$of(pass, "results", input$names)),
    list(kind = input$kind, data = given$of(pass, "one"), dim = input$dim)
  )
}

side_of_phase <- function(side, given) {
  if (is.null(side$pass)) return(side)
  list(data = if (isTRUE(side$whole)) given$of(side$pass, "list", side$names) else given$of(side$pass, "one"))
}
