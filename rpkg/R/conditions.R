# Every condition of ours has two classes, the kind first: memshare_error_<kind> + memshare_error, memshare_warning_<kind> +
# memshare_warning, memshare_message_<kind> + memshare_message. Errors are raised here and nowhere else: native code returns a
# tagged value (`memshare_native_error`), because an R error raised below Rust would skip its clean-up.

#' What memshare signals
#'
#' All errors, warnings and messages of memshare are classed, so that [tryCatch()] can tell them apart.
#'
#' @section Errors:
#' Every error has the class `memshare_error` and one subclass:
#' \describe{
#'   \item{`memshare_error_element`}{FUN failed. Fields: `index` (a double) and `name` of the element, `parent` (the original condition),
#'     `calls` (the worker's traceback, one string a call), and `pass`, its label in the plan. With several passes the message begins
#'     with the pass. Errors of 'rlang', 'cli' and similar packages, which signal a condition and then leave for R's top level, are
#'     FUN's errors too. A condition of more than a megabyte keeps its classes and its text, and loses its fields.}
#'   \item{`memshare_error_element_timeout`}{FUN took longer at an element than `memControl(element_timeout = )` allows. Same fields, but for
#'     `parent`; `calls` shows where FUN was, if it listened to the interrupt. It has the class `memshare_error_element` too.}
#'   \item{`memshare_error_worker_died`}{An element ended its worker process each time it was tried. Same fields, and
#'     `worker_pid` and `log`, the last lines of the last worker's log; the message shows those that tell most.}
#'   \item{`memshare_error_worker`, `memshare_error_no_workers`, `memshare_error_launch`}{A worker could not get ready for the call,
#'     none was left, or none could be started.}
#'   \item{`memshare_error_timeout`, `memshare_error_cancelled`}{The call took longer than `memControl(timeout = )`, or was
#'     interrupted.}
#'   \item{`memshare_error_stopped`}{[memRun()] with `wait = FALSE`: the run was broken off because all workers were ended or memshare was
#'     unloaded, or it belongs to another session.}
#'   \item{`memshare_error_input`}{An argument cannot be used; the message says what is expected.}
#'   \item{`memshare_error_nested`}{A value is nested so deep that R's C stack does not suffice to send it: lists in lists, calls in calls,
#'     environments that lead to each other. Of a result it is the `parent` of a `memshare_error_element`.}
#'   \item{`memshare_error_global`}{FUN looked up a big variable of the session's global environment by a name that it computed: field
#'     `name`. Name it in `memControl(globals = )`.}
#'   \item{`memshare_error_package`}{A package that FUN, a kind of data or a file needs is not installed: field `package`.}
#'   \item{`memshare_error_already_registered`, `memshare_error_not_allocated`, `memshare_error_not_owner`}{A variable's name is
#'     taken, unknown, or belongs to another session.}
#'   \item{`memshare_error_not_writable`, `memshare_error_busy`}{[memWrite()]: the variable was not made to be written into, or a call
#'     reads it (field `by` says whose).}
#'   \item{`memshare_error_file`}{The file behind a variable of [memMap()] cannot be used, or a file that [memAttach()] was given: field
#'     `path`.}
#'   \item{`memshare_error_no_space`}{Not enough shared memory, for data or for a result (then with the fields of an
#'     element): fields `needed`, `free`, `limit` and `dir`. [memshare-options] tells how a directory can stand in.}
#'   \item{`memshare_error_no_memory`}{A process cannot have memory of its own that it needs to send a value: it is limited (`ulimit -v`), or
#'     the machine has no more. Field: `needed`.}
#'   \item{`memshare_error_no_place`}{No file can be made in `/dev/shm`, or in the directory of `options(memshare.dir = )`: it is missing,
#'     read-only, closed to you, or may have no file more. Field: `dir`.}
#'   \item{`memshare_error_damaged`}{Something in shared memory is not as memshare wrote it, or belongs to another user.}
#'   \item{`memshare_error_memory_limit`}{The call or plan needs more than `memControl(memory = )` allows, or than there is. Fields:
#'     `needed`, `budget`, and `resources`, the bytes of what takes most, by name.}
#'   \item{`memshare_error_cluster`}{A node of CLUSTER can take no part in the call, or none is left to work for it; the message says why, and
#'     the field `node` which, where it is one: memshare is not installed there, say, or no host is left. Also what cannot run over
#'     several hosts; see `vignette("backends", "memshare")`.}
#'   \item{`memshare_error_unknown`}{[memStory()], [memWhy()]: nothing has this name; field `nearest` has the nearest names.}
#'   \item{`memshare_error_plan`}{Passes do not fit together; the message names the pass.}
#'   \item{`memshare_error_profile`}{A profile cannot be used: the file is damaged, of another version or no profile; it is one of another
#'     number of elements; or nothing is known where something must be.}
#'   \item{`memshare_error_checkpoint`}{A directory cannot be this call's checkpoint: it is of another run (field `changed` names what is not
#'     the same), another run uses it, or it is no directory of yours alone. See [memRun()].}
#'   \item{`memshare_error_kept`}{[memRedo()]: nothing is kept of the run, or the value is of another session.}
#'   \item{`memshare_error_value`}{A result does not match `FUN.VALUE`.}
#' }
#'
#' @section Warnings and messages of FUN:
#' They reach the caller in the order of the elements, with the classes they had, `memshare_warning_element` or
#' `memshare_message_element` before them, the element's number (and name) in front of the text, and the fields `index`, `name`
#' and `parent`. `options(warn = )` holds as in R: with 2 or more a warning of FUN is an error of its element, and where FUN sets it
#' below 0 its warnings are ignored. A condition that FUN only signals, with [signalCondition()], is not reported.
#'
#' @section Warnings and messages of memshare:
#' `memshare_warning_recycled`: in [memMapply()] the longest collection is no multiple of a shorter one, as `mapply()` warns.
#'
#' `memshare_message_captured` says that FUN uses big objects of its surroundings, and that they were shared instead of copied.
#' Silence it with `suppressMessages(..., classes = "memshare_message_captured")` or `options(memshare.quiet = TRUE)`.
#'
#' `memshare_message_reused` says how many elements of a call were done before, by [memRedo()] or a checkpoint (fields `reused`, `elements`).
#' `memshare_warning_checkpoint` says that a checkpoint could not be written to its end (fields `needed`, `free`, `limit`, `dir`, where it was for
#' want of room); the value is right all the same.
#'
#' `memshare_message_assumed` says what [memSimulate()] had to assume. The warning `memshare_warning_profile` says that a profile in the directory of
#' `options(memshare.profiles = )` could not be read or written, and that the call went on without. `memshare_warning_cluster` names a node of
#' CLUSTER (field `node`) that did not answer after a call, and whose connection was closed for that, or a host that was lost. `memshare_message_hosts`
#' says once in what the hosts of CLUSTER differ, so that the last bits of results may.
#'
#' @return Nothing: this page describes conditions.
#' @examples
#' out <- tryCatch(
#'   memLapply(list(a = 1, b = "x"), function(v) v + 1, MAX.CORES = 1),
#'   memshare_error_element = function(e) e
#' )
#' out$index
#' out$name
#' conditionMessage(out$parent)
#' @name memshare-conditions
NULL

# A condition of ours. `type` is "error", "warning" or "message"; what comes in `...` become its fields.
memshare_condition <- function(type, kind, message, ..., call = NULL, class = character()) {
  classes <- c(paste0("memshare_", type, "_", kind), paste0("memshare_", type), class, type, "condition")
  structure(class = unique(classes), list(message = message, call = call, ...))
}

# Raises memshare_error_<kind>. The words are ours, with names of the user's in them.
abort <- function(kind, message, ..., call = NULL) {
  stop(memshare_condition("error", kind, harmless(message), ..., call = call))
}

# An argument that cannot be used.
abort_input <- function(message, call = NULL) abort("input", message, call = call)

# Gives back what native code returned, or raises the error it stands for. A jump of R that native code caught on its way (an
# error in FUN, a restart of a handler) goes on from here.
native <- function(value, call = NULL) {
  # Almost nothing that it returns has a class.
  if (!is.object(value) || !inherits(value, "memshare_native_error")) return(value)
  value <- unclass(value)
  if (identical(value$kind, "r_jump")) ms_resume()
  do.call(abort, c(list(value$kind, value$message), as.list(value$fields), list(call = call)), quote = TRUE)
}

# "element 3" or "element 3 ('gene_3')"; "block 2 (columns 101 to 200)"; "group 1 ('setosa')". `unit` is a pass's; a step has no elements.
element_label <- function(index, name = NULL, unit = "element") {
  if (unit == "") return("the call of FUN")
  if (is.null(name) || is.na(name) || !nzchar(name)) return(sprintf("%s %.0f", unit, index))
  sprintf(if (unit %in% c("block", "tile")) "%s %.0f (%s)" else "%s %.0f ('%s')", unit, index, harmless(name))
}

# A warning or message of FUN, as the caller sees it: what comes in `fields` added, and its own classes kept. `where` is the element, or
# "combining" while results were combined, where there are no elements that the user knows.
said_at <- function(condition, said, where, fields) {
  classes <- class(condition)
  type <- if ("warning" %in% classes) "warning" else "message"
  ours <- paste0("memshare_", type, c("_element", ""))
  kept <- classes[!classes %in% c(ours, "simpleWarning", "simpleMessage")]
  whole <- c(list(message = paste0(where, ": ", said), call = call_in(condition)), fields, list(parent = condition))
  class(whole) <- c(ours, kept)
  whole
}

# FUN took longer than `seconds`. Known to our own code; users see what element_error() makes of it.
late_condition <- function(seconds) {
  text <- sprintf("it did not end within %s s; if it needs longer, raise memControl(element_timeout = )", format(seconds))
  structure(class = c("memshare_late", "error", "condition"), list(message = text, call = NULL))
}

# FUN's failure at one element, or while results were combined. `what` is the part of the pass that failed, see compile.R; `error$unit` what
# its elements are called.
element_error <- function(error, call = NULL, prefix = "", what = "map") {
  late <- inherits(error$condition, "memshare_late")
  how <- if (late) "FUN took too long" else "FUN failed"
  where <- switch(what,
    map = if (error$unit == "") how else paste(how, "at", element_label(error$index, error$name, error$unit)),
    bind = , value = "its results could not be brought together",
    if (error$unit == "block" && !late) "combine failed" else paste(how, "while combining")
  )
  said <- if (is.null(error$message)) said_of(error$condition) else error$message
  element_condition(
    late, sprintf("%s%s: %s", prefix, where, said),
    index = error$index, name = error$name, pass = error$label, parent = if (!late) error$condition, calls = as.character(error$calls),
    call = call
  )
}

# An error of an element; of one that took too long, `late`, it has a class of its own besides.
element_condition <- function(late, text, ...) {
  memshare_condition(
    "error", if (late) "element_timeout" else "element", text, ..., class = if (late) "memshare_error_element" else character()
  )
}

# A failure that was collected, with the element that it learns of here. Its text is the worker's, which may know more methods.
element_error_at <- function(error, index, name, unit) {
  element_error(list(index = as.double(index), name = name, unit = unit, condition = error$parent, calls = error$calls, message = error$message))
}

# The text of a condition, whatever its method of conditionMessage() does.
said_of <- function(condition) {
  said <- tryCatch(conditionMessage(condition), error = function(e) NULL)
  if (is.character(said) && length(said) == 1L && !is.na(said)) return(as.character(said))
  if (length(said) > 1L && is.character(said)) return(paste(said, collapse = "\n"))
  kept <- tryCatch(unclass(condition)$message, error = function(e) NULL)
  if (is.character(kept) && length(kept) == 1L && !is.na(kept)) return(as.character(kept))
  sprintf("a condition of class '%s' without a message", class(condition)[[1L]])
}

# The texts of many conditions, without a handler for each.
all_said <- function(conditions) {
  said <- tryCatch(vapply(conditions, conditionMessage, ""), error = function(e) NA_character_)
  if (anyNA(said)) vapply(conditions, said_of, "") else said
}

# The call of a condition. A plain one is read without its method.
call_in <- function(condition) {
  if (class(condition)[[1L]] %in% c("simpleWarning", "simpleMessage")) return(unclass(condition)$call)
  tryCatch(conditionCall(condition), error = function(e) NULL)
}

# FUN's own condition of a failed element; an element that took too long has none.
own_condition <- function(error) if (is.null(error$parent)) error else error$parent
