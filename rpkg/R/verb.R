# How verbs begin and end: those with FUN, NAMESPACE, VARS, MAX.CORES, CLUSTER, `...` and CONTROL.

# A verb whose `...` are FUN's further arguments: what it was asked for, checked, see asked_by(). Of `needed` none may be missing; `own` are the arguments
# that are neither FUN's nor those of all verbs.
begin_verb <- function(frame, call, caller, needed, data = "X", own = character()) {
  check_given(needed, call)
  written <- written_names(call, caller)
  check_written(written, call, c(own, our_names))
  asked_by(frame, call, caller, written, data)
}

# What a verb was asked for: `call`, the frame that it was called from (`caller`), FUN (`fun`) and its `label`, `namespace` (`given` or not),
# `control`, `cluster` and `cores`. `frame` is the verb's own; `data` are arguments that may be the name of a registered variable, or NULL where
# NAMESPACE may be of no use. `read`: collections that are no arguments of their own.
asked_by <- function(frame, call, caller, written = "NAMESPACE", data = NULL) {
  said <- eval(said_in_frame, frame)
  label <- function_label(said[[1L]])
  namespace <- if (said$namespace) namespace_of(frame$NAMESPACE, label, written, call) else own_namespace(label)
  given <- !is.null(frame$NAMESPACE)
  if (given && !is.null(data)) {
    used <- length(frame$VARS) > 0L
    for (name in data) used <- used || is_name(frame[[name]])
    check_used(frame$NAMESPACE, used, written, call)
  }
  fun <- resolve_function(frame$FUN, caller, call)
  refuse_elsewhere(said$further, fun, call)
  control <- if (said$control) check_control(frame$CONTROL, call) else default_control()
  list(
    frame = frame, call = call, caller = caller, fun = fun, label = label, namespace = namespace, given = given, data = data, control = control,
    cluster = check_cluster(frame$CLUSTER, call), cores = asked_cores(frame$MAX.CORES, call)
  )
}

# What only a verb's own frame can tell: FUN's code, whether there are NAMESPACE and CONTROL, and the names of further arguments.
said_in_frame <- quote(list(substitute(FUN), namespace = !missing(NAMESPACE), control = !missing(CONTROL), further = ...names()))

# The pass, or its value: `elements` as pass_elements() makes them, `...` what new_pass() takes of FUN besides.
end_verb <- function(verb, elements, asked, ..., vars = asked_vars(asked), further = asked_further(asked)) {
  if (elements$n > 0 && !asked$control$lazy && is.null(asked$cluster)) expect_run()
  fun <- list(fun = asked$fun, further = further, ...)
  settings <- pass_settings(asked$control, asked$namespace, asked$given, asked$cores, asked$cluster, asked$label)
  pass <- new_pass(verb, elements, fun, vars, settings, asked$call)
  deliver(pass, asked$call, if (is.null(asked$read)) mget(as.character(asked$data), asked$frame) else asked$read)
}

# A call is to come that needs workers. What forks them is as slow to start as R is, so in a session's first call that begins before all else.
expect_run <- function() {
  if (isTRUE(state$expected)) return(invisible())
  configure_native()
  native(ms_pool_expect_run())
  state$expected <- TRUE
}

asked_vars <- function(asked) resolve_vars(asked$frame$VARS, asked$namespace, asked$given, asked$call)

# The `...` of a verb, where they are further arguments of FUN.
asked_further <- function(asked) {
  if (eval(quote(...length()), asked$frame)) further_arguments(asked$frame, asked$call, asked$fun, asked$caller)
}
