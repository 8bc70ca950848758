# How verbs begin and end: those with FUN, NAMESPACE, VARS, MAX.CORES, CLUSTER, `...` and CONTROL.

# What a verb was asked for, checked: `call`, the frame that it was called from (`caller`), FUN (`fun`) and its `label`, `namespace` (`given` or
# not), `control`, `cluster` and `cores`. `frame` is the verb's own; `needed` must be in the call; `data` are arguments that may be the name of a
# registered variable; `own`, the arguments that are neither FUN's nor those of all verbs.
begin_verb <- function(frame, call, caller, needed, data = "X", own = character()) {
  check_given(needed, call, frame)
  written <- written_names(call, caller)
  check_written(written, call, c(own, our_names))
  label <- function_label(eval(quote(substitute(FUN)), frame))
  namespace <- namespace_of(frame$NAMESPACE, label, written, call)
  given <- !is.null(frame$NAMESPACE)
  if (given) {
    used <- length(frame$VARS) > 0L
    for (name in data) used <- used || is_name(frame[[name]])
    check_used(frame$NAMESPACE, used, written, call)
  }
  fun <- resolve_function(frame$FUN, caller, call)
  control <- if (eval(quote(missing(CONTROL)), frame)) default_control() else check_control(frame$CONTROL, call)
  list(
    frame = frame, call = call, caller = caller, fun = fun, label = label, namespace = namespace, given = given, control = control,
    cluster = check_cluster(frame$CLUSTER, call), cores = asked_cores(frame$MAX.CORES, call)
  )
}

# The pass, or its value: `elements` as pass_elements() makes them, `...` what new_pass() takes of FUN besides.
end_verb <- function(verb, elements, asked, ...) {
  frame <- asked$frame
  call <- asked$call
  vars <- resolve_vars(frame$VARS, asked$namespace, asked$given, call)
  further <- if (eval(quote(...length()), frame)) further_arguments(frame, call, asked$fun, asked$caller)
  fun <- list(fun = asked$fun, further = further, ...)
  settings <- pass_settings(asked$control, asked$namespace, asked$given, asked$cores, asked$cluster, asked$label)
  deliver(new_pass(verb, elements, fun, vars, settings, call), call)
}
