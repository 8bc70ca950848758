# The one place for what is ours and not R's.

#' How a call is to be run
#'
#' Settings for the argument `CONTROL` of [memApply()], [memLapply()], [memMapply()] and [memReduce()]. An unknown name is an error.
#'
#' @param simplify `FALSE`: a list, one item an element. `TRUE`: what [apply()] and [sapply()] give. For `memLapply()` also
#'   `"array"`, as `sapply(simplify = "array")`.
#' @param FUN.VALUE `NULL`, or a template as in [vapply()]: every result must be of its type and length, and the value is a
#'   vector or array. As there, the template's class is not passed on: `FUN.VALUE = Sys.Date()` gives numbers.
#' @param chunk `NULL`, or the number of elements a worker takes at a time.
#' @param schedule How the elements are cut into chunks, see Schedules.
#' @param cost `NULL`, or what the elements cost, relative to each other: numbers, one an element, or a function of the element's number.
#'   The schedules `"auto"` and `"profiled"` go by it.
#' @param profile `NULL`: what the last run of the same FUN over as many elements measured is used. Or a profile to go by, from
#'   [memProfile()], or the name of a file of [memSaveProfile()]. `FALSE`: use and keep none.
#' @param measure `FALSE`: do not note what each element costs. A run of several passes measures when none of them says `FALSE`.
#' @param packages Further packages to attach on the workers. Packages whose functions FUN uses are found without this.
#' @param globals Names of variables that must travel to the workers although FUN does not name them: where it computes a name, as in
#'   `get(paste0("x", i))`. An unknown name is an error.
#' @param seed `NULL`, or a number: each element then has a random number stream of its own (L'Ecuyer), so that results do not
#'   depend on workers, chunks or retries. Your own `.Random.seed` is never touched.
#' @param on_error `"stop"`: the first error of FUN ends the call. `"collect"`: the result of an element that failed is the
#'   condition (class `memshare_error_element`), and a warning says how many there are; [memRedo()] does them again. A result that has no
#'   room in shared memory ends the call all the same.
#' @param retries How often an element whose worker process died is tried again.
#' @param timeout Seconds after which the call is given up, with an error of class `memshare_error_timeout`.
#' @param element_timeout Seconds that FUN may take for one element, from its call to its return (in [memReduce()]: for one call that
#'   combines); waiting for a worker and loading packages do not count. FUN is then interrupted, as by Ctrl-C, and its worker is killed if FUN
#'   is still at it a second later. The element is not tried again: it is an error of class `memshare_error_element_timeout`, and with
#'   `on_error = "collect"` that is its value. A node of CLUSTER that does not listen is no process of ours: it is not killed but let go of.
#' @param memory The most bytes of shared memory that the plan of this call may take (see [explain()]), with an error of class
#'   `memshare_error_memory_limit` before it begins. Results count there with what an earlier run of the pass measured or `FUN.VALUE` says, and
#'   else with next to nothing: what they take in the end is `memLastRun()$peak`.
#' @param lazy `TRUE`: run nothing yet, and return a pass that can be used in further calls and that [memRun()] runs; see
#'   [memshare-pass].
#' @param trace `FALSE`: [memLastRun()] does not keep when each chunk ran, and where, only what they come to. A run of several passes keeps it
#'   when none of them says `FALSE`. It takes some 100 bytes a chunk, until the next run takes its place.
#' @param progress `TRUE` or `FALSE`: show how far the call is, or do not. `NULL`: as `options(memshare.progress = )` says, and without it
#'   show it in an interactive session; see Progress.
#' @param fresh `TRUE`: the workers of this call are new processes in the state of your session. What an earlier FUN did to a worker is put
#'   back after each call as far as that can be seen (see `vignette("how-it-works", "memshare")`); what a package keeps for itself cannot,
#'   and `fresh` leaves it behind.
#' @param checkpoint `NULL`, or a directory in which finished chunks are written down: when the session died, the same call goes on from
#'   there. See [memRun()], section Checkpoints.
#' @param keep `TRUE`: when the call fails or is interrupted, what it did stays in shared memory for [memRedo()]; over several hosts, in this session's.
#' @param host_timeout Whole seconds without a sign of life after which another host of CLUSTER is taken for lost: its unfinished work is done by
#'   the others, and its connections are closed. A host that hears nothing of this session for that long ends its part. See
#'   `vignette("backends", "memshare")`.
#' @param workers_per_host `NULL`: a host of CLUSTER has as many workers as nodes. A whole number from 1 on: so many, whatever its nodes, but no more than
#'   the first of them may use cores (CPU affinity, the limits of its container, the batch system); `Inf`: as many as those. Where all nodes of CLUSTER are on this machine they
#'   are the workers, and this says nothing.
#' @param element What FUN receives of a sparse matrix (see [memApply()], section Sparse matrices): `"dense"`, a row or column as a plain vector;
#'   `"sparseVector"`, as an object of that class of package Matrix; `"nonzero"`, a list of `i`, the places of its entries, and `x`, their values.
#' @param ... Not used: an unknown setting is an error of class `memshare_error_input`.
#' @section Schedules:
#' Workers take chunks of elements when they are ready for more. The value never depends on how.
#' \describe{
#'   \item{`"auto"`}{Where the elements' costs are known (`cost`, `profile`, or a run before), pieces of equal cost, the costliest
#'     first. Else single elements first, then larger chunks as the measured times allow, smaller ones towards the end. Where the items of
#'     a list differ in length, these are a first guess.}
#'   \item{`"profiled"`}{Pieces of equal cost; an error of class `memshare_error_profile` where no cost is known.}
#'   \item{`"adaptive"`}{From mean and variance of the elements' times (adaptive factoring).}
#'   \item{`"guided"`, `"factoring"`}{A worker's share of what is left, or half of it.}
#'   \item{`"static"`}{One chunk a worker.}
#'   \item{`"fixed"`}{Chunks of `chunk` elements.}
#' }
#' When the costs turn out wrong in the middle of a run, what is left is cut anew without them, and [memLastRun()] says so.
#' @section Progress:
#' A bar counts the elements of all passes, with their rate and the time that is left. It comes when the call takes longer than
#' `getOption("cli.progress_show_after")`, 2 seconds. The cli package draws it where it is installed. Where progressr's handlers are in
#' place (`progressr::with_progress()`, `progressr::handlers(global = TRUE)`) they are told instead, whatever the session. Nothing is
#' shown, unless it is asked for with `progress = TRUE`, in a session that is not interactive, with `options(memshare.quiet = TRUE)`,
#' in knitr's documents (where an asked-for bar goes to the console and not into the document) and in testthat's tests.
#' @return A list of class `memshare_control`.
#' @examples
#' memLapply(1:4, function(i) i^2, MAX.CORES = 1, CONTROL = memControl(simplify = TRUE))
#' memLapply(1:4, function(i) i^2, MAX.CORES = 1, CONTROL = memControl(FUN.VALUE = 0))
#' x1 <- 5
#' memLapply(1, function(i) get(paste0("x", i)), MAX.CORES = 1, CONTROL = memControl(globals = "x1"))
#' cost <- memControl(cost = function(n) n)
#' memLapply(1:4, function(n) sum(rnorm(n * 1000)), MAX.CORES = 2, CONTROL = cost)
#' wait <- function(seconds) Sys.sleep(seconds)
#' control <- memControl(element_timeout = 0.2, on_error = "collect")
#' out <- suppressWarnings(memLapply(c(a = 0, b = 60), wait, MAX.CORES = 1, CONTROL = control))
#' conditionMessage(out$b)
#' @export
memControl <- function(simplify = FALSE, FUN.VALUE = NULL, chunk = NULL,
                       schedule = c("auto", "static", "guided", "factoring", "adaptive", "profiled", "fixed"), packages = NULL,
                       seed = NULL, on_error = c("stop", "collect"), retries = 2, timeout = Inf, element_timeout = Inf,
                       memory = Inf, lazy = FALSE, trace = TRUE, cost = NULL, profile = NULL, measure = TRUE, progress = NULL, globals = character(), fresh = FALSE,
                       checkpoint = NULL, keep = FALSE, host_timeout = 30, workers_per_host = NULL, element = c("dense", "sparseVector", "nonzero"), ...) {
  call <- sys.call()
  if (...length()) {
    unknown <- c(setdiff(names(list(...)), ""), "without a name")[[1L]]
    abort_input(sprintf("memControl() has no setting %s; see ?memControl", sQuote(unknown, FALSE)), call)
  }
  if (!identical(simplify, "array")) check_flag(simplify, "simplify", call)
  if (!is.null(FUN.VALUE)) FUN.VALUE <- check_template(FUN.VALUE, !missing(simplify), first_of(on_error), call)
  chunk <- check_count(chunk, "chunk", 1, call)
  if (missing(schedule)) schedule <- if (is.null(chunk)) "auto" else "fixed"
  schedule <- check_choice(schedule, eval(formals()$schedule), "schedule", call)
  if (schedule == "fixed" && is.null(chunk)) abort_input("schedule = \"fixed\" needs chunk, the elements of one chunk", call)
  if (!is.null(cost) && !is.null(profile) && !isFALSE(profile)) {
    abort_input("cost and profile both say what the elements cost; give one of them", call)
  }
  if (!is.null(packages)) packages <- unique(check_names(packages, "packages", call))
  if (length(globals)) globals <- unique(check_names(globals, "globals", call))
  if (!is.null(seed)) seed <- check_seed(seed, call)
  structure(
    list(
      simplify = simplify, FUN.VALUE = FUN.VALUE, chunk = chunk, schedule = schedule, packages = packages, seed = seed,
      on_error = check_choice(first_of(on_error), c("stop", "collect"), "on_error", call),
      retries = as.integer(check_count(retries, "retries", 0, call, optional = FALSE, most = .Machine$integer.max)),
      timeout = check_positive(timeout, "timeout", call), element_timeout = check_positive(element_timeout, "element_timeout", call),
      memory = check_positive(memory, "memory", call), lazy = check_flag(lazy, "lazy", call), trace = check_flag(trace, "trace", call),
      cost = check_cost(cost, call), profile = check_profile(profile, call), measure = check_flag(measure, "measure", call),
      progress = if (!is.null(progress)) check_flag(progress, "progress", call), globals = globals, fresh = check_flag(fresh, "fresh", call),
      checkpoint = check_checkpoint(checkpoint, call), keep = check_flag(keep, "keep", call), host_timeout = check_count(host_timeout, "host_timeout", 1, call, FALSE, 86400),
      workers_per_host = check_per_host(workers_per_host, call), element = check_choice(first_of(element), c("dense", "sparseVector", "nonzero"), "element", call)
    ),
    class = "memshare_control"
  )
}

# FUN.VALUE as vapply() uses it: of its attributes only names, dim and dimnames, whatever its class. `simplified`: simplify is given too.
check_template <- function(template, simplified, on_error, call) {
  if (simplified) {
    abort_input("memControl() takes simplify or FUN.VALUE, and not both: FUN.VALUE says what the value is, as vapply() does", call)
  }
  if (identical(on_error, "collect")) {
    abort_input("memControl() takes on_error = \"collect\" or FUN.VALUE, and not both: the condition of a failed element has no place in such a value", call)
  }
  if (isS4(template) || !(is.atomic(template) || is.list(template))) {
    abort_input(sprintf("FUN.VALUE must be a vector or an array, not %s", describe(template)), call)
  }
  if (is.object(template)) template <- unclass(template)
  attributes(template) <- attributes(template)[c("dim", "dimnames", if (is.null(dim(template))) "names")]
  template
}

# The first of several texts.
first_of <- function(value) if (is.character(value) && length(value)) value[[1L]] else value

check_seed <- function(seed, call) {
  if (!is.numeric(seed) || length(seed) != 1L || is.na(seed) || abs(seed) > .Machine$integer.max || seed != floor(seed)) {
    abort_input(sprintf("seed must be one whole number, not %s", describe(seed)), call)
  }
  as.integer(seed)
}

# So many, Inf for as many as there can be, or NULL.
check_per_host <- function(workers, call) if (!is.null(workers)) count_or_inf(workers, "workers_per_host", 1, call)

check_positive <- function(value, what, call) {
  if (!is.numeric(value) || length(value) != 1L || is.na(value) || value <= 0) {
    abort_input(sprintf("%s must be one number above 0, not %s", what, describe(value)), call)
  }
  as.double(value)
}

# What memControl() gives, made once.
default_control <- function() {
  if (is.null(state$control)) state$control <- memControl()
  state$control
}

# CONTROL as memControl() makes it; a plain list goes through memControl(), so that an unknown name is an error there too.
check_control <- function(control, call) {
  if (inherits(control, "memshare_control")) return(control)
  if (!is.list(control) || is.object(control)) {
    abort_input(sprintf("CONTROL must be made by memControl(), not %s", describe(control)), call)
  }
  unknown <- setdiff(names(control), names(formals(memControl)))
  if (length(unknown)) abort_input(sprintf("CONTROL has no setting '%s'; see ?memControl", unknown[[1L]]), call)
  do.call(memControl, control, quote = TRUE)
}

#' @export
format.memshare_control <- function(x, ...) {
  changed <- names(x)[!mapply(identical, unclass(x), unclass(default_control())[names(x)])]
  shown <- vapply(x[changed], function(value) {
    if (length(value) > 20L || is.object(value)) paste0("<", describe(value), ">") else paste(deparse(value), collapse = " ")
  }, "")
  paste0("memControl(", paste(changed, shown, sep = " = ", collapse = ", ")[length(changed) > 0], ")")
}

#' @export
print.memshare_control <- function(x, ...) {
  cat(format(x), "\n", sep = "")
  invisible(x)
}
