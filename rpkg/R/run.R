# One run from R to R: the program is handed to native code, waited for, collected; what FUN said on the way is said again here.

# Runs one pass that nobody else needs.
run_one <- function(pass, call) {
  if (pass$n == 0) return(empty_value(pass, call))
  if (!pass$passes && is.null(pass$last)) return(run_program(compile_one(pass, call), call, looked = TRUE)[[1L]])
  program <- compile(list(pass), call = call)
  if (pass$passes) check_program(program, call)
  run_program(program, call, looked = TRUE)[[1L]]
}

# Runs a program; `id` is that of a native plan, or 0. `looked`: its pass was made in this very call, which looked at the session's state. Whatever
# interrupts the wait, the run is ended and its memory given back.
# The values that are wanted, in a list.
run_program <- function(program, call, id = 0L, changes = NULL, after = NULL, looked = FALSE) {
  if (!length(program$spec$gather)) return(settle(program, NULL, call))
  program <- as_changed(program, changes)
  program$brief <- brief_for(program, call)
  hosts <- hosts_of(program$cluster, program$host_timeout, call)
  if (is.null(hosts) && !is.null(program$parts)) hosts <- host_here(program$cluster, program$host_timeout, call)
  if (!is.null(hosts)) {
    program$spec$data[changes$data] <- changes$values
    program$looked <- looked
    return(settle(program, run_over_hosts(program, hosts, call), call))
  }
  run <- NULL
  ended <- FALSE
  under_way <- new.env(parent = emptyenv())
  on.exit(if (!ended && !is.null(run)) abandon(run, under_way, program))
  out <- within_stack({
    run <- begin_run(program, id, changes, call, looked)
    under_way$nodes <- join_run(program, run, call)
    await_run(run, program, under_way, call)
    collect_run(run, program, call)
  }, call)
  ended <- TRUE
  if (!is.null(under_way$nodes)) check_joined(leave_nodes(under_way$nodes, patience_after(out)), call)
  if (!is.null(after)) after(out)
  settle(program, out, call)
}

# What came of a run that has ended; within_stack() is to be around it, and around begin_run().
collect_run <- function(run, program, call) native(ms_run_collect(run, program$trace), call)

begin_run <- function(program, id, changes, call, looked = FALSE) {
  if (!is.null(program$checkpoint)) {
    program <- with_checkpoint(program, call)
    on.exit(native(ms_checkpoint_close(program$spec$checkpoint)))
  }
  now <- session_state(program$fresh, program$named, looked)
  run <- room_for(function() ms_run_begin(id, program$spec, changes, program$brief$title, now), call)
  from <- if (is.null(program$checkpoint)) program$from else paste("checkpoint", program$checkpoint)
  if (!is.null(from)) tell_reused(native(ms_run_progress(run)), program, from)
  run
}

# The program of a run for which some of its data is replaced, for whoever runs it again.
as_changed <- function(program, changes) {
  if (isTRUE(program$spec$keep) && length(changes$data)) program$spec$data[changes$data] <- changes$values
  program
}

# The nodes of the program's CLUSTER, told to join, or NULL.
join_run <- function(program, run, call) {
  if (!is.null(program$cluster)) join_nodes(program$cluster, native(ms_run_join_address(run), call))
}

# Ends a run that nobody waits for any more, within a second: this runs while an error or an interrupt is under way. What has not ended by
# then, native code ends behind the scenes. `program`: that of a run whose results may be kept for memRedo(). `under_way$patience` are the seconds
# that nodes of a CLUSTER have, where those are more.
abandon <- function(run, under_way, program = NULL) {
  suspendInterrupts({
    deadline <- elapsed() + at_once
    try(ms_run_cancel(run), silent = TRUE)
    # An error is no "not yet".
    try(while (!isTRUE(native(ms_run_wait(run, 50L))) && elapsed() < deadline) NULL, silent = TRUE)
    try(if (native(ms_run_forget(run)) && !is.null(program)) remember_kept(program, run), silent = TRUE)
  })
  seconds <- if (is.null(under_way$patience)) max(deadline - elapsed(), 0) else under_way$patience
  if (!is.null(under_way$nodes)) try(leave_nodes(under_way$nodes, seconds), silent = TRUE)
  invisible()
}

# What came of a run: conditions are signalled, an error is raised, the wanted values are returned in a list.
settle <- function(program, out, call, begun_by = call) {
  if (!is.null(out)) {
    if (is.null(out$stats$run)) state$last_run <- NULL else remember_run(program, out)
    if (isTRUE(program$spec$keep) && !is.null(out$error) && !isTRUE(out$over_hosts)) remember_kept(program, out$stats$run)
    if (length(out$stats$notes)) tell_once(out$stats$notes)
    warn_unlogged(out$stats$unlogged, program, begun_by)
    if (length(out$conditions)) signal_conditions(out$conditions, program)
    if (!is.null(out$error)) raise(out$error, program, call, out$stats$died)
    if (!isTRUE(out$over_hosts)) keep_profiles(out$stats, program$spec$workers)
  }
  # One token for all, made when it is first needed.
  lapply(program$wanted, wanted_value, program, out, call, new_token(program))
}

# `token`: what the conditions of failed elements share.
wanted_value <- function(entry, program, out, call, token) {
  if (!is.null(entry$constant)) return(entry$constant[[1L]])
  results <- out$values[[entry$result]]
  if (!is.null(results$places)) {
    given <- program$patch[[match(entry$label, vapply(program$wanted, `[[`, "", "label"))]]
    # Of which nothing was done again.
    if (!length(results$places)) return(given)
    results <- patched(results, given, entry, call)
  }
  results$n <- entry$n
  prefix <- pass_prefix(program, entry$label)
  if (entry$collect) results$values <- with_token(collected(results$values, entry$names, call, prefix, entry$unit), token)
  if (!nzchar(prefix)) return(finish_value(entry$how, results, entry$value_names, call))
  tryCatch(
    finish_value(entry$how, results, entry$value_names, call),
    memshare_error_value = function(e) stop(in_pass(e, prefix, entry$label, call))
  )
}

# What workers found worth telling: the same once a session.
tell_once <- function(notes) {
  for (text in setdiff(notes, state$told)) message(memshare_condition("message", "worker", paste0(text, "\n")))
  state$told <- union(state$told, notes)
}

# "pass 'z': " where there are several.
pass_prefix <- function(program, label) if (length(program$order) > 1L) sprintf("pass '%s': ", harmless(label)) else ""

# An error of ours, said of a pass.
in_pass <- function(error, prefix, label, call) {
  error$message <- paste0(prefix, conditionMessage(error))
  error$pass <- label
  error["call"] <- list(call)
  error
}

# Warnings and messages of FUN, in the order of passes and elements.
signal_conditions <- function(conditions, program) {
  wanted <- vapply(program$wanted, `[[`, "", "label")
  said <- all_said(lapply(conditions, `[[`, 3L))
  for (nth in seq_along(conditions)) {
    entry <- conditions[[nth]]
    condition <- entry[[3L]]
    owner <- program$owner[[entry[[1L]]]]
    label <- program$labels[[owner]]
    prefix <- pass_prefix(program, label)
    if (program$what[[entry[[1L]]]] == "map") {
      pass <- program$order[[owner]]
      fields <- list(index = entry[[2L]], name = name_of(pass$names, entry[[2L]]), pass = label)
      condition <- said_at(condition, said[[nth]], paste0(prefix, element_label(fields$index, fields$name, pass$unit)), fields)
    } else if (!inherits(condition, "memshare_warning")) {
      condition <- said_at(condition, said[[nth]], paste0(prefix, "combining"), list(pass = label))
    } else {
      # The count of failed elements: said here anyway when the pass's own value is wanted.
      if (label %in% wanted) next
      condition <- in_pass(condition, prefix, label, NULL)
    }
    if (inherits(condition, "warning")) warning(condition) else message(condition)
  }
}

# The run's error in its class.
raise <- function(error, program, call, died = NULL) {
  what <- "map"
  prefix <- ""
  if (length(error$pass) == 1L && !is.na(error$pass)) {
    owner <- program$owner[[error$pass]]
    what <- program$what[[error$pass]]
    error$label <- program$labels[[owner]]
    prefix <- pass_prefix(program, error$label)
    # The elements of folds and of what brings results together are none that the user knows.
    if (!what %in% c("map", "value")) error["index"] <- list(NULL)
    error$name <- name_of(program$order[[owner]]$names, error$index)
    error$unit <- program$order[[owner]]$unit
  }
  if (!is.null(error$late)) error$condition <- late_condition(error$late)
  if (identical(error$kind, "element")) {
    if (identical(error$unit, "")) error["index"] <- list(NULL)
    if (what %in% c("bind", "value") && inherits(error$condition, "memshare_error")) {
      condition <- error$condition
      # The worker saw a list of one.
      if (what == "value" && !is.null(condition$mismatch)) condition$message <- mismatch_text(condition$mismatch, error$index)
      stop(in_pass(condition, prefix, error$label, call))
    }
    stop(element_error(error, call, prefix, what))
  }
  text <- error$message
  if (length(error$index) == 1L && !is.na(error$index)) {
    text <- sprintf("%s: %s", element_label(error$index, error$name, error$unit), text)
  }
  kind <- if (inherits(error$condition, "packageNotFoundError")) "package" else error$kind
  if (identical(kind, "no_workers") && !is.null(program$cluster)) kind <- "cluster"
  # Of a death, the last: it is the one that the message tells.
  last <- if (kind %in% c("worker_died", "no_workers")) length(died$how) else 0L
  condition <- memshare_condition(
    "error", kind, paste0(prefix, text), index = error$index, name = error$name, pass = error$label, parent = error$condition,
    calls = as.character(error$calls), worker_pid = if (last) as.integer(died$pid[[last]]), log = if (last) died$log[[last]],
    call = call
  )
  if (kind == "no_space") condition <- structure(c(condition, error[c("needed", "free", "limit", "dir")]), class = class(condition))
  stop(condition)
}

# What the verb returns: the pass, or its value. `data`: the arguments that may name registered variables.
deliver <- function(pass, call, data = NULL) {
  if (!pass$control$lazy) return(run_one(pass, call))
  if (pass$given) pass$taken <- taken_from(data, pass, call)
  wrap(pass)
}

one_or_all <- function(values, names) if (length(values) == 1L) values[[1L]] else stats::setNames(values, names)
