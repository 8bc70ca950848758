# One call from R to R: the pass is handed to native code, waited for, collected; what FUN said on the way is said again here.

# Runs a pass. `pass` holds kind, margin, x, vars, fun, dots, n (elements), names (of the elements) and what else the call
# gave. Returns list(values, k, n): see simplify.R.
run_pass <- function(pass, call) {
  control <- pass$control
  check_call(pass, call)
  bag <- new_bag()
  vars <- pass$vars
  by_name <- inherits(vars, "memshare_names")
  functions <- list()
  if (!by_name) {
    is_function <- vapply(vars, is.function, NA)
    functions <- lapply(vars[is_function], portable, bag)
    vars <- lapply(vars[!is_function], portable, bag)
  }
  variables <- if (by_name) unclass(vars) else names(vars)
  payload <- build_payload(pass$fun, pass$dots, bag, control, variables, functions, call)
  tell_captured(bag$told, call)
  x <- pass$x
  if (is.list(x) && !inherits(x, "memshare_name") && length(x) && maybe_code(x)) x <- portable(x, new_bag(Inf))
  spec <- list(
    kind = pass$kind, margin = pass$margin, n = pass$n, dim = pass$dim, x = x, vars = if (by_name) NULL else vars,
    var_names = if (by_name) variables, namespace = pass$namespace, payload = payload$raw, captured = payload$captured,
    workers = pass$workers, policy = list(schedule = control$schedule, chunk = if (is.null(control$chunk)) 0 else control$chunk),
    retries = control$retries, timeout = control$timeout, on_error = control$on_error, seed = control$seed,
    memory = control$memory, cluster = !is.null(pass$cluster)
  )
  configure_native()
  mode <- if (isFALSE(control$simplify) && is.null(control$FUN.VALUE)) "list" else "vector"
  out <- run_native(spec, mode, pass$cluster, call)
  state$last_run <- c(list(call = call[[1L]], elements = pass$n), out$stats)
  signal_conditions(out$conditions, pass$names)
  if (!is.null(out$error)) raise(out$error, pass$names, call)
  if (control$on_error == "collect") out$values <- collected(out$values, pass$names, call)
  list(values = out$values, k = out$k, n = pass$n)
}

# Begins, waits and collects. Whatever interrupts the wait, the run is ended and its memory given back.
run_native <- function(spec, mode, cluster, call) {
  id <- with_room(function() ms_run_begin(spec), call)
  ended <- FALSE
  nodes <- NULL
  on.exit(if (!ended) abandon(id, nodes))
  if (!is.null(cluster)) nodes <- join_nodes(cluster, native(ms_run_join_address(id), call))
  while (!isTRUE(native(ms_run_wait(id, if (is.null(nodes)) 1000L else 100L), call))) {
    if (!is.null(nodes)) nodes <- watch_nodes(nodes, call)
  }
  out <- native(ms_run_collect(id, mode), call)
  ended <- TRUE
  if (!is.null(nodes)) leave_nodes(nodes)
  out
}

# Shares what `share()` shares, and when memory is short tries once more after views that nobody holds any more were collected:
# here at once, in the workers as soon as they are idle.
with_room <- function(share, call) {
  value <- share()
  if (!inherits(value, "memshare_native_error") || !identical(value$kind, "no_space")) return(native(value, call))
  gc(verbose = FALSE)
  Sys.sleep(0.2)
  native(share(), call)
}

# Ends a run that nobody waits for any more. Every step is tried, for this runs while an error or an interrupt is under way.
abandon <- function(id, nodes) {
  try(ms_run_cancel(id), silent = TRUE)
  deadline <- proc.time()[["elapsed"]] + 20
  try(while (!isTRUE(ms_run_wait(id, 200L)) && proc.time()[["elapsed"]] < deadline) NULL, silent = TRUE)
  try(ms_run_collect(id, "list"), silent = TRUE)
  if (!is.null(nodes)) try(leave_nodes(nodes), silent = TRUE)
  invisible()
}

# Whether FUN can take what it is about to be given, before anything runs.
check_call <- function(pass, call) {
  given <- if (inherits(pass$vars, "memshare_names")) unclass(pass$vars) else names(pass$vars)
  twice <- intersect(given, names(pass$dots))
  if (length(twice)) abort_input(sprintf("'%s' is given both in VARS and as a further argument of FUN", twice[[1L]]), call)
  signature <- if (is.primitive(pass$fun)) args(pass$fun) else pass$fun
  if (is.null(signature)) return(invisible())
  formals <- names(formals(signature))
  first <- if (length(formals)) formals[[1L]] else ""
  if (first != "..." && first %in% given) {
    abort_input(sprintf("VARS has '%s', which is FUN's first argument and receives the element; rename one of them", first), call)
  }
  unknown <- setdiff(given, formals)
  if (length(unknown) && !"..." %in% formals) {
    abort_input(
      sprintf("VARS has '%s', but FUN has no argument of that name: FUN(%s)", unknown[[1L]], paste(formals, collapse = ", ")), call
    )
  }
  invisible()
}

# Warnings and messages of FUN, in the order of the elements.
signal_conditions <- function(conditions, names) {
  for (entry in conditions) {
    condition <- at_element(entry[[2L]], entry[[1L]], name_of(names, entry[[1L]]))
    if (inherits(condition, "warning")) warning(condition) else message(condition)
  }
}

name_of <- function(names, index) if (length(names) && length(index) == 1L && !is.na(index)) names[[index]]

# The run's error in its class.
raise <- function(error, names, call) {
  error$name <- name_of(names, error$index)
  if (identical(error$kind, "element")) stop(element_error(error, call))
  text <- error$message
  if (length(error$index) == 1L && !is.na(error$index)) {
    text <- sprintf("%s: %s", element_label(error$index, error$name), text)
  }
  kind <- if (inherits(error$condition, "packageNotFoundError")) "package" else error$kind
  abort(
    kind, text, index = error$index, name = error$name, parent = error$condition, calls = as.character(error$calls),
    worker_pid = error$worker_pid, call = call
  )
}

# on_error = "collect": the failed elements' conditions learn which element they are, and a warning counts them.
collected <- function(values, names, call) {
  if (!is.list(values)) return(values)
  failed <- which(vapply(values, inherits, NA, "memshare_error_element"))
  for (i in failed) {
    values[[i]] <- element_error(list(index = i, name = name_of(names, i), condition = values[[i]]$parent, calls = values[[i]]$calls))
  }
  if (length(failed)) {
    text <- sprintf("FUN failed at %d of %d elements, first at %s", length(failed), length(values),
                    element_label(failed[[1L]], name_of(names, failed[[1L]])))
    warning(memshare_condition("warning", "collected", text, failed = failed, call = call))
  }
  values
}

# Whether a list's items may hold code whose surroundings must be analysed. Long lists are judged by their first item.
maybe_code <- function(x) {
  code <- c("closure", "language", "environment")
  typeof(x[[1L]]) %in% code || length(x) <= 1000L && holds_code(x)
}

#' What the last call did
#'
#' @return A list of class `memshare_run`, or `NULL` before the first call of [memApply()] or [memLapply()]: `elements`, `passes`,
#'   `chunks`, `workers`, `bytes_shared`, `retries` and `seconds`.
#' @examples
#' memLapply(1:4, function(i) i^2, MAX.CORES = 1)
#' memLastRun()
#' @export
memLastRun <- function() {
  if (is.null(state$last_run)) return(NULL)
  structure(state$last_run, class = "memshare_run")
}

#' @export
format.memshare_run <- function(x, ...) {
  count <- function(n, one, many = paste0(one, "s")) sprintf("%.0f %s", n, if (n == 1) one else many)
  sprintf(
    "%s: %s in %s of %s by %s, %s shared, %s, %.3f s", deparse1(x$call), count(x$elements, "element"), count(x$chunks, "chunk"),
    count(x$passes, "pass", "passes"), count(x$workers, "worker"), format_bytes(x$bytes_shared), count(x$retries, "retry", "retries"),
    x$seconds
  )
}

#' @export
print.memshare_run <- function(x, ...) {
  cat(format(x), "\n", sep = "")
  invisible(x)
}
