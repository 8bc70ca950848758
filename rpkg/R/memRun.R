# Running passes and plans. A plan that runs again costs R next to nothing: all is worked out when the plan is made.

#' Run passes or a plan
#'
#' `memRun()` runs passes (see [memshare-pass]) with all that they need, or a plan that [memPlan()] made, and gives the values. Only these
#' values reach the session; what lies between lives in shared memory or within a worker, and is gone when its last reader is done.
#'
#' An error of FUN ends the whole run; its message begins with the pass (`pass 'z': FUN failed at element 7 ...`), and its field `pass`
#' holds the label. Nothing of the run is left behind.
#'
#' @section Further runs of a plan:
#' A plan keeps what it shared. With `VARS = list(y = y2)` a run takes `y2` wherever the plan's passes have `y` in their `VARS`, and only
#' `y2` is copied: for the bootstrap, permutations, cross-validation. The next run without `VARS` uses `y` again. Registered variables
#' in `VARS` can be replaced in the same way; what comes from another pass, and functions, cannot.
#'
#' @section Handles:
#' With `wait = FALSE` the session goes on while the workers work. `resolved()` says whether the run is over, `collect()` waits for it and
#' gives its value or raises its error (also a second time), `cancel()` gives it up; `collect()` is an error of class
#' `memshare_error_cancelled` then. A handle that nobody holds any more cancels its run. Ctrl-C in `collect()` ends the waiting and not
#' the run. For package promises, and so for Shiny, a handle is a promise of its value: `promises::then(memRun(..., wait = FALSE), ...)`.
#'
#' @section Checkpoints:
#' With `checkpoint = dir` the results of each chunk of elements are written down in the directory `dir` before the chunk counts as done. When
#' the session dies, by whatever cause, the same call in another session goes on from there, says how many elements are done already, and
#' gives the value of an undisturbed run; only chunks that were under way are done twice. A killed process loses nothing; a machine without
#' power loses the chunks of about the last second. The directory is made where there is none; it is the user's alone, and one run uses it
#' at a time. What it holds stays until it is removed, also after the run: the same call again only reads it.
#'
#' A checkpoint is of one run: of the same passes over the same data, FUN's code, what FUN captured and what is in `VARS`, all by content,
#' and R's minor version. If one of these is not the same, the call is an error of class `memshare_error_checkpoint` that names it
#' (field `changed`). The number of workers, the chunks and other settings are free. Elements of passes without a seed get random streams
#' by one that is drawn once and kept in the checkpoint. Variables that FUN looks up by names that it computes, files that it
#' reads, and versions of packages are not looked at. A failed element of `on_error = "collect"` is a result like any other, which
#' [memRedo()] does again.
#'
#' Over several hosts this session writes the blocks of elements that hosts hand in, before they count as done. A checkpoint that was begun there goes on on one
#' machine, and the other way round.
#'
#' Nothing between the stages is given back before all of it was read, and what is reused is brought into shared memory when the run
#' begins. When the disk becomes full the run goes on without its checkpoint, and a warning of class `memshare_warning_checkpoint` says so
#' (fields `needed`, `free`, `limit`, `dir`). No profile is learned from a run that reuses something.
#'
#' @param ... One plan, or passes, or one list of passes. Several passes give a named list; their names, or the variables' names, become their labels.
#' @param VARS A named list of other side variables for this run.
#' @param wait `FALSE`: return a handle at once.
#' @param MAX.CORES The number of worker processes; by default the plan's, or the most that one of the passes asked for, or what the
#'   options say.
#' @param checkpoint `NULL`, or the name of a directory, see Checkpoints. It takes the place of the passes' `memControl(checkpoint = )`.
#' @param x A handle.
#' @return The value, or a named list of values; with `wait = FALSE` a handle, an object of class `memshare_handle`. `resolved()`: `TRUE`
#'   or `FALSE`. `collect()`: the value. `cancel()`: the handle, invisibly.
#' @seealso [memPlan()], [memshare-pass], [memLastRun()]
#' @examples
#' x <- rnorm(50)
#' y <- x + rnorm(50)
#' lazy <- memControl(lazy = TRUE)
#' fit <- function(k, x, y) coef(lm(y ~ poly(x, k)))
#' fits <- memLapply(1:4, fit, VARS = list(x = x, y = y), CONTROL = lazy)
#' plan <- memPlan(fits, MAX.CORES = 2)
#' str(memRun(plan))
#' permuted <- memRun(plan, VARS = list(y = sample(y)))
#'
#' run <- memRun(plan, wait = FALSE)
#' resolved(run)
#' str(collect(run))
#' @export
memRun <- function(..., VARS = NULL, wait = TRUE, MAX.CORES = NULL, checkpoint = NULL) {
  call <- sys.call()
  check_flag(wait, "wait", call)
  cores <- asked_cores(MAX.CORES, call)
  checkpoint <- check_checkpoint(checkpoint, call)
  if (...length() == 1L && inherits(..1, "memshare_plan")) {
    refuse_saved(..1, call)
    plan <- unwrap_pass(..1)
    point <- if (is.null(checkpoint)) plan$main$program$checkpoint else checkpoint
    if (!is.null(point)) return(run_passes(list(roots = plan$roots, labels = plan$given), VARS, wait, cores, point, call))
    return(run_plan(plan, VARS, wait, cores, call))
  }
  arguments <- list(...)
  if (any(vapply(arguments, inherits, NA, "memshare_plan"))) one_plan(arguments, call)
  run_passes(asked_passes(arguments, as.list(substitute(list(...)))[-1L], call), VARS, wait, cores, checkpoint, call)
}

# Runs passes that are compiled for this run.
run_passes <- function(asked, VARS, wait, cores, checkpoint, call) {
  check_run_vars(VARS, call)
  program <- compile(asked$roots, asked$labels, cores, names(VARS), call, checkpoint)
  check_program(program, call)
  changes <- changes_of(VARS, program, sides_of(program), call)
  program$spec$data[changes$data] <- changes$values
  names <- ifelse(nzchar(asked$labels), asked$labels, vapply(program$wanted, `[[`, "", "label"))
  if (!wait) return(new_handle(program, names, call))
  one_or_all(run_program(program, call), names)
}

# A plan that is not alone: with a variable for this run, or with a pass.
one_plan <- function(arguments, call) {
  others <- Filter(nzchar, setdiff(names(arguments)[!vapply(arguments, function(x) is_pass(x) || inherits(x, "memshare_plan"), NA)], NA))
  if (!length(others)) abort_input("memRun() takes one plan, or passes, and not both", call)
  abort_input(sprintf(
    "memRun() has no argument '%s'; other variables for this run go into VARS, as memRun(plan, VARS = list(%s = ...))", others[[1L]], others[[1L]]
  ), call)
}

# Runs a compiled plan. What is replaced keeps its number in the plan's data.
run_plan <- function(plan, vars, wait, cores, call) {
  made <- plan$main
  changes <- NULL
  if (!is.null(vars)) check_run_vars(vars, call)
  split <- intersect(names(vars), made$mixed)
  if (length(split) || !is.null(cores) && !identical(cores, plan$cores)) made <- variant_of(plan, cores, split, call)
  need_native(made, call)
  check_taken(made$program, call)
  if (length(vars)) changes <- changes_of(vars, made$program, made$sides, call)
  after <- function(out) {
    plan$main$ran <- TRUE
    if (is.null(out$error)) plan$measured <- list(names = spec_names(made$program), bytes = out$bytes, peak = out$stats$peak)
  }
  if (!wait) return(new_handle(made$program, plan$names, call, made, changes, after))
  one_or_all(run_program(made$program, call, made$id, changes, after), plan$names)
}

# The plan for other cores, or with data of its own for names whose data has other uses too. Made once.
variant_of <- function(plan, cores, split, call) {
  if (is.null(cores)) cores <- plan$cores
  key <- paste(c(cores, split), collapse = "\r")
  if (is.null(plan$variants[[key]])) plan$variants[[key]] <- compiled(plan, cores, split, call)
  plan$variants[[key]]
}

spec_names <- function(program) vapply(program$spec$passes, `[[`, "", "name")

check_run_vars <- function(vars, call) {
  if (is.null(vars)) return(invisible())
  if (!is.list(vars) || is.object(vars) || length(vars) && (is.null(names(vars)) || !all(nzchar(names(vars))))) {
    abort_input(sprintf("Unknown input format for VARS: a named list of data is needed, like list(y = y2), not %s", describe(vars)), call)
  }
  twice <- names(vars)[duplicated(names(vars))]
  if (length(twice)) abort_input(sprintf("VARS names '%s' more than once: name it once", twice[[1L]]), call)
}

# Which data of a program is replaced by what, as native code takes it.
changes_of <- function(vars, program, sides, call) {
  data <- integer()
  values <- list()
  for (name in names(vars)) {
    at <- sides[[name]]
    if (is.null(at)) unknown_side(name, program, sides, call)
    value <- vars[[name]]
    if (is.function(value) || is_unfinished(value)) {
      abort_input(sprintf("VARS: '%s' can only be replaced by data, not by %s", name, describe(value)), call)
    }
    data <- c(data, at)
    values[length(values) + seq_along(at)] <- list(value)
  }
  list(data = data, values = values)
}

unknown_side <- function(name, program, sides, call) {
  passes <- unlist(lapply(program$order, function(pass) names(pass$vars)))
  functions <- unlist(lapply(program$order, function(pass) names(pass$functions)))
  known <- names(sides)
  why <- if (name %in% passes) {
    sprintf("'%s' comes from another pass and cannot be replaced", name)
  } else if (name %in% functions) {
    sprintf("'%s' is a function and cannot be replaced", name)
  } else {
    sprintf("no pass has '%s' in its VARS", name)
  }
  can <- if (length(known)) paste0("; what can be replaced: ", paste0("'", known, "'", collapse = ", ")) else "; nothing can be replaced"
  abort_input(paste0("VARS: ", why, can), call)
}
