# A run that goes on while the session does. A handle wraps an environment: `status` is "running", "done", "failed" or
# "cancelled"; `run` its native number; `value` or `error` what came of it.

# `made`: the compiled plan, whose shared data must stay as long as the run; NULL for a program that runs once.
new_handle <- function(program, names, call, made = NULL, changes = NULL, after = NULL) {
  if (!is.null(hosts_of(program$cluster, program$host_timeout, call))) {
    abort("cluster", "memRun(wait = FALSE) cannot run over several hosts; call it with wait = TRUE, or give a CLUSTER on this machine", call = call)
  }
  handle <- new.env(parent = emptyenv())
  program <- as_changed(program, changes)
  program$brief <- brief_for(program, call)
  handle$program <- program
  handle$names <- names
  handle$after <- after
  # What began the run; collect() did not.
  handle$call <- call
  handle$keep <- made
  handle$status <- "running"
  if (!length(program$spec$gather)) {
    handle$value <- one_or_all(settle(program, NULL, call), names)
    handle$status <- "done"
    return(structure(list(handle), class = "memshare_handle"))
  }
  handle$run <- within_stack(begin_run(program, if (is.null(made)) 0L else made$id, changes, call), call)
  begun <- FALSE
  on.exit(if (!begun) abandon(handle$run, handle))
  handle$nodes <- join_run(program, handle$run, call)
  begun <- TRUE
  handle$process <- Sys.getpid()
  handle$session <- state$session
  # Nobody else is the one to end this session's runs.
  reg.finalizer(handle, function(handle) if (handle$status == "running" && is_here(handle)) abandon(handle$run, handle))
  structure(list(handle), class = "memshare_handle")
}

# What the handle is about, with a run that is not here known to be lost.
looked_up <- function(x, call) {
  handle <- unwrap_pass(x)
  if (handle$status == "running" && !is_here(handle)) {
    handle$status <- "failed"
    text <- "this run is one of another session, or ended when memshare was unloaded; memRun() starts another"
    handle$error <- memshare_condition("error", "stopped", text, call = call)
  }
  handle
}

#' @rdname memRun
#' @export
resolved <- function(x, ...) UseMethod("resolved")

#' @rdname memRun
#' @export
collect <- function(x, ...) UseMethod("collect")

#' @rdname memRun
#' @export
cancel <- function(x, ...) UseMethod("cancel")

#' @rdname memRun
#' @export
resolved.default <- function(x, ...) not_ours("resolved", x, sys.call(-1L), ...)

#' @rdname memRun
#' @export
collect.default <- function(x, ...) not_ours("collect", x, sys.call(-1L), ...)

#' @rdname memRun
#' @export
cancel.default <- function(x, ...) not_ours("cancel", x, sys.call(-1L), ...)

# An object of another package that has this generic, or a mistake.
not_ours <- function(generic, x, call, ...) {
  theirs <- if (!missing(x)) their_generic(generic, x)
  if (!is.null(theirs)) return(theirs(x, ...))
  abort_input(sprintf("x must be what memRun(wait = FALSE) gave, not %s", if (missing(x)) "missing" else describe(x)), call)
}

#' @rdname memRun
#' @export
resolved.memshare_handle <- function(x, ...) {
  handle <- looked_up(x, sys.call())
  handle$status != "running" || isTRUE(native(ms_run_wait(handle$run, 0L), sys.call()))
}

#' @rdname memRun
#' @export
collect.memshare_handle <- function(x, ...) {
  call <- sys.call()
  handle <- looked_up(x, call)
  if (handle$status == "running") finish_handle(handle, call)
  switch(handle$status,
    done = handle$value,
    failed = stop(handle$error),
    cancelled = abort("cancelled", "this run has no value: cancel() ended it; start another with memRun()", call = call)
  )
}

# Waits for the run's end and takes what came of it.
finish_handle <- function(handle, call) {
  program <- handle$program
  tryCatch(await_run(handle$run, program, handle, call), memshare_error = function(e) {
    handle$error <- e
    handle$status <- "failed"
    abandon(handle$run, handle, handle$program)
  })
  if (handle$status == "failed") return(invisible())
  # What is no error of FUN: the run was broken off, and there is nothing to be collected, now or later.
  out <- tryCatch(within_stack(collect_run(handle$run, program, call), call), memshare_error = function(e) handle$error <- e)
  handle$status <- "failed"
  broken <- inherits(out, "memshare_error")
  nodes <- if (!is.null(handle$nodes)) leave_nodes(handle$nodes, if (broken) at_once else patience_after(out))
  if (broken) return(invisible())
  if (!is.null(handle$after)) handle$after(out)
  withCallingHandlers(
    {
      check_joined(nodes, call)
      handle$value <- one_or_all(settle(program, out, call, handle$call), handle$names)
      handle$status <- "done"
    },
    error = function(e) handle$error <- e
  )
}

#' @rdname memRun
#' @export
cancel.memshare_handle <- function(x, ...) {
  handle <- looked_up(x, sys.call())
  if (handle$status == "running") {
    handle$status <- "cancelled"
    handle$patience <- answers_within
    abandon(handle$run, handle, handle$program)
  }
  invisible(x)
}

#' @export
format.memshare_handle <- function(x, ...) {
  handle <- looked_up(x, sys.call())
  status <- handle$status
  if (status == "running") {
    status <- if (resolved(x)) "done, to be had with collect()" else c(status, words_of(progress_of(handle$run, handle$program)))
  }
  status <- paste(status, collapse = ", ")
  sprintf("<run> of %s: %s", shorten(handle$names), status)
}

#' @export
print.memshare_handle <- function(x, ...) {
  cat(harmless(format(x)), "\n", sep = "")
  invisible(x)
}

#' @exportS3Method utils::str memshare_handle
# Shown in few words by str().
str.memshare_handle <- function(object, ...) cat("", harmless(format(object)), "\n")
