# What a pass's elements cost in a run: measured by the workers, kept by native code, given to people here.

#' What each element cost
#'
#' Every run notes what each call of FUN took (unless `memControl(measure = FALSE)`). `memProfile()` gives that of one pass of a run: to look
#' at, to keep in a file, to run by (`memControl(profile = )`), and to see with [memSimulate()] what more workers would bring.
#'
#' A session uses profiles by itself: a pass with the same code of FUN, the same kind of collection, and as many elements of about the same
#' size as one that ran before is cut by what that one measured, if it took 20 ms or more. `memControl(profile = FALSE)` switches that off.
#' The size of the results is kept too, for the memory that plans and simulations foretell.
#' With `options(memshare.profiles = "directory")` profiles of passes that took a second or more are kept there for later sessions.
#'
#' @param run A run of this session, as [memLastRun()] gives it: one of the last eight that succeeded.
#' @param pass The pass: its label, or its number; not needed when there is only one.
#' @param profile,x,object A profile.
#' @param file The name of a file. `memLoadProfile()` refuses one that is damaged or of another version, with an error of class
#'   `memshare_error_profile`. What it reads is used from then on as if it had been measured in this session.
#' @param heavy How many of the costliest elements are marked.
#' @param row.names,optional Not used.
#' @param ... Further arguments of [graphics::plot.default()]; otherwise not used.
#' @return `memProfile()` and `memLoadProfile()`: an object of class `memshare_profile`. `as.data.frame()`: a row an element, with `index`,
#'   `name` (if the elements have names; a file keeps none) and `cost` in seconds. `memSaveProfile()`: the file's name, invisibly.
#'   `summary()`: class `memshare_profile_summary`.
#' @seealso [memControl()], [memSimulate()], [memCompare()]
#' @examples
#' wait <- function(seconds) Sys.sleep(seconds)
#' invisible(memLapply(c(a = 0.001, b = 0.03, c = 0.002), wait, MAX.CORES = 2))
#' profile <- memProfile()
#' profile
#' summary(profile)
#' as.data.frame(profile)
#' plot(profile)
#'
#' file <- tempfile(fileext = ".profile")
#' memSaveProfile(profile, file)
#' seconds <- c(a = 0.001, b = 0.03, c = 0.002)
#' invisible(memLapply(seconds, wait, MAX.CORES = 2, CONTROL = memControl(profile = file)))
#' @export
memProfile <- function(run = memLastRun(), pass = NULL) {
  call <- sys.call()
  if (is.null(run)) abort("profile", "nothing has run yet in this session, so nothing was measured", call = call)
  if (!inherits(run, "memshare_run")) abort_input(sprintf("run must be what memLastRun() gives, not %s", describe(run)), call)
  profiles <- native(ms_profile_of(run$run), call)
  if (!length(profiles)) {
    abort("profile", "this run did not note what its elements cost (memControl(measure = FALSE), or far too many of them)", call = call)
  }
  at <- chosen_profile(pass, profiles, run$about, call)
  of <- profiles[[at]]$pass
  names <- if (run$about$what[[of]] == "map") run$about$names[[run$about$owner[[of]]]]
  new_profile(profiles[[at]], names)
}

# Which of a run's profiles is meant. Those of what only brings results together count when they are asked for by name.
chosen_profile <- function(pass, profiles, about, call) {
  labels <- vapply(profiles, `[[`, "", "name")
  if (is.null(pass)) {
    if (length(profiles) == 1L) return(1L)
    own <- which(about$what[vapply(profiles, `[[`, 0L, "pass")] == "map")
    if (length(own) == 1L) return(own)
    abort("profile", paste0("this run has profiles of several passes; name one by pass = : ", quoted(labels)), call = call)
  }
  if (is.character(pass) && length(pass) == 1L && pass %in% labels) return(match(pass, labels))
  if (is.numeric(pass) && length(pass) == 1L && pass %in% seq_along(labels)) return(as.integer(pass))
  abort("profile", sprintf("this run has no profile of a pass %s; it has %s", describe(pass), quoted(labels)), call = call)
}

quoted <- function(words) paste0("'", words, "'", collapse = ", ")

#' @rdname memProfile
#' @export
memSaveProfile <- function(profile, file) {
  call <- sys.call()
  check_given(c(profile = missing(profile), file = missing(file)), call)
  if (!inherits(profile, "memshare_profile")) {
    abort_input(sprintf("profile must be what memProfile() gives, not %s", describe(profile)), call)
  }
  file <- path.expand(check_string(file, "file", call))
  native(ms_profile_save(unclass(check_whole_profile(profile, "profile", call)), file), call)
  invisible(file)
}

#' @rdname memProfile
#' @export
memLoadProfile <- function(file) {
  call <- sys.call()
  check_given(c(file = missing(file)), call)
  load_profile(file, "file", call)
}
