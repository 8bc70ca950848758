# A back end of package foreach: a `%dopar%` loop is one run.

#' Run foreach loops on shared memory
#'
#' After `registerDoMemshare()` each `foreach(...) %dopar% { ... }` is one run of [memLapply()]: warm workers, data that the loop uses shared
#' once, exact errors, deaths of workers survived.
#'
#' What the body uses of its surroundings is found and brought to the workers, as for FUN of [memLapply()]; `.export` names what cannot be
#' found, and `.packages` what is to be attached. `.combine`, `.init`, `.final`, `.multicombine`, `.inorder`, `.noexport`, `%:%` and `when()`
#' do what foreach says; results are always combined in order. With `.errorhandling = "stop"` the loop ends at the first error, with the
#' text that other back ends give (`task 3 failed - "..."`), as a condition of class `memshare_error_element`. What a worker's death, a lack
#' of memory or the like ends is an error whatever `.errorhandling` says. Streams of `%dorng%` (package doRNG) are those of other back ends. A
#' loop is taken from its iterators by `memshare.foreach` = 100,000 iterations at a time, so that iterators need not end.
#'
#' @param cores The number of workers of each loop; by default what the options say, see [memshare-options].
#' @param ... Settings of [memControl()] for each loop, like `retries = 0`. A loop has its own by `.options.memshare = list(...)`.
#' @return `NULL`, invisibly.
#' @seealso [memLapply()]
#' @examples
#' if (requireNamespace("foreach", quietly = TRUE)) {
#'   registerDoMemshare(cores = 2)
#'   `%dopar%` <- foreach::`%dopar%`
#'   k <- 10
#'   print(foreach::foreach(i = 1:4, .combine = c) %dopar% { i + k })
#'   foreach::registerDoSEQ()
#' }
#' @export
registerDoMemshare <- function(cores = NULL, ...) {
  call <- sys.call()
  needs_package("foreach", "registerDoMemshare()", call)
  worker_count(cores, call, "cores")
  settings <- list(...)
  check_loop_settings(settings, call)
  do.call(memControl, settings)
  foreach::setDoPar(foreach_loop, list(cores = cores, settings = settings), foreach_about)
  invisible(NULL)
}

# An adapter's package, which need not be there for anything else.
needs_package <- function(package, what, call) {
  if (requireNamespace(package, quietly = TRUE)) return(invisible())
  abort("package", sprintf("%s needs package '%s'; install.packages(\"%s\")", what, package, package), package = package, call = call)
}

# What foreach asks of a back end.
foreach_about <- function(data, item) {
  switch(item, workers = worker_count(data$cores), name = "doMemshare", version = as.character(utils::packageVersion("memshare")))
}

# One loop, as foreach calls it: `obj` says what it goes over and how its results are combined, `expr` is the body, `envir` where it stands.
foreach_loop <- function(obj, expr, envir, data) {
  iterator <- iterators::iter(obj)
  accumulate <- foreach::makeAccum(iterator)
  missing <- Filter(function(name) !exists(name, envir = envir), obj$export)
  if (length(missing)) abort_input(sprintf(".export names '%s', but there is no such variable where the loop stands: define it, or leave it out", missing[[1L]]), expr)
  body <- loop_body(expr, obj$argnames, envir)
  control <- loop_control(obj, data$settings)
  at_once <- setting("foreach", 1e5, as_setting_number(check_count))
  done <- 0
  repeat {
    arguments <- next_arguments(iterator, at_once)
    if (!length(arguments)) break
    results <- loop_results(arguments, body, data$cores, control, done)
    accumulate(results, done + seq_along(results))
    done <- done + length(results)
    if (length(arguments) < at_once) break
  }
  foreach::getResult(iterator)
}

# The body as a function of the loop's variables, which stands where the loop stands.
loop_body <- function(expr, variables, envir) {
  variables <- variables[nzchar(variables)]
  formals <- stats::setNames(rep(list(quote(expr = )), length(variables)), variables)
  body <- eval(call("function", as.pairlist(formals), expr), envir)
  surroundings <- list2env(list(iteration = body), parent = envir)
  eval(quote(function(arguments) {
    base::do.call("iteration", base::lapply(arguments, function(x) if (base::is.language(x)) base::enquote(x) else x))
  }), surroundings)
}

# Settings of memControl() that a loop can have: what its value is, and what becomes of errors, foreach() says.
check_loop_settings <- function(settings, call) {
  if (!is.null(settings) && (!is.list(settings) || length(settings) && is.null(names(settings)))) {
    abort_input(sprintf(".options.memshare must be a list of settings of memControl(), like list(retries = 0), not %s", describe(settings)), call)
  }
  other <- intersect(names(settings), c("simplify", "FUN.VALUE", "on_error", "lazy", "checkpoint", "keep"))
  if (length(other)) {
    text <- "a loop of foreach() cannot have memControl(%s = ): leave it out; .combine = says what the value is, and .errorhandling = what becomes of errors"
    abort_input(sprintf(text, other[[1L]]), call)
  }
}

loop_control <- function(obj, settings) {
  own <- obj$options$memshare
  check_loop_settings(own, NULL)
  settings[names(own)] <- own
  settings$packages <- c(settings$packages, obj$packages)
  settings$globals <- c(settings$globals, obj$export)
  if (is.null(settings$on_error)) settings$on_error <- if (obj$errorHandling == "stop") "stop" else "collect"
  do.call(memControl, settings)
}

# The next so many iterations, each as a list of values by variable.
next_arguments <- function(iterator, at_once) {
  arguments <- list()
  while (length(arguments) < at_once) {
    one <- tryCatch(list(iterators::nextElem(iterator)), error = function(e) {
      if (identical(conditionMessage(e), "StopIteration")) NULL else stop(e)
    })
    if (is.null(one)) break
    # What has no name is only counted.
    arguments[[length(arguments) + 1L]] <- one[[1L]][nzchar(names(one[[1L]]))]
  }
  arguments
}

# Their results. Of those that failed, the errors of the body.
loop_results <- function(arguments, body, cores, control, done) {
  results <- withCallingHandlers(
    tryCatch(
      memLapply(arguments, body, MAX.CORES = cores, CONTROL = control),
      memshare_error_element = function(e) {
        e$message <- sprintf("task %.0f failed - \"%s\"", done + e$index, said_of(own_condition(e)))
        e["call"] <- list(NULL)
        stop(e)
      }
    ),
    memshare_warning_collected = function(w) tryInvokeRestart("muffleWarning")
  )
  failed <- vapply(results, inherits, NA, "memshare_error_element")
  results[failed] <- lapply(results[failed], own_condition)
  results
}
