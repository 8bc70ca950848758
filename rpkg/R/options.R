# Every setting of memshare in one place: the table below is what the code reads and what ?memshare-options says.

#' Options of memshare
#'
#' Each option has a twin in the environment, read when the R option is not set. They are looked up at every call, so they can
#' be changed in the middle of a session; a change of those marked * ends idle workers, and new ones start. Runs that go on, or wait for
#' others to end, keep the workers' settings that they were begun with.
#'
#' | option | environment | default | meaning |
#' |---|---|---|---|
#' | `memshare.cores` | `MEMSHARE_CORES` | [parallelly::availableCores()] | workers of a call that has no `MAX.CORES` |
#' | `memshare.threads` | `MEMSHARE_THREADS` | 1 | BLAS and OpenMP threads of each worker; more than one means no fork server * |
#' | `memshare.dir` | `MEMSHARE_DIR` | none | a directory whose files stand in when `/dev/shm` or `tempdir()` is full or cannot be used |
#' | `memshare.cache` | `MEMSHARE_CACHE` | 2 GiB | bytes of shared memory kept for the next call, see below; 0 for none |
#' | `memshare.idle` | `MEMSHARE_IDLE` | 600 | seconds after which idle workers end * |
#' | `memshare.fork` | `MEMSHARE_FORK` | `TRUE` | whether workers are forked by a fork server (never from your session) * |
#' | `memshare.share` | `MEMSHARE_SHARE` | 1e6 | bytes from which an object that FUN captured is shared instead of copied |
#' | `memshare.profiles` | `MEMSHARE_PROFILES` | none | a directory in which profiles of runs of a second or more are kept for later sessions |
#' | `memshare.log` | `MEMSHARE_LOG` | none | what the native side logs, see below |
#' | `memshare.log.format` | `MEMSHARE_LOG_FORMAT` | `"text"` | `"text"`, or `"json"`: an object a line |
#' | `memshare.foreach` | `MEMSHARE_FOREACH` | 1e5 | iterations that a loop of [registerDoMemshare()] takes from its iterators at a time |
#' | `memshare.progress` | `MEMSHARE_PROGRESS` | none | what `memControl(progress = )` is when it is not given |
#' | `memshare.quiet` | `MEMSHARE_QUIET` | `FALSE` | `TRUE`: do not say that captured objects were shared, and show no progress |
#'
#' `memshare.log` takes a level (`"error"`, `"warn"`, `"info"`, `"debug"`, `"trace"`), or levels by module
#' (`"warn,scheduler::pool=debug"`); `NULL` turns logging off again. At `info` a run says when it begins and ends; at `debug` it tells
#' of its stages, workers and pages, at `trace` of each chunk. The session's log is `session.log` in `file.path(tempdir(), "memshare")`,
#' or in a directory of the session's own in that of `memshare.dir` where `tempdir()` has no room. Beside it each worker has a log of its own,
#' with what FUN printed in it too. [memLog()] reads them. A process that is forked from the
#' session, as [parallel::mclapply()] does, logs nothing.
#'
#' Memory that a call gave back is kept for the data and results of the next one, which are written into it ten times as fast as into new
#' memory: at most `memshare.cache` bytes, and a quarter of what is free. It has no name, is given back after 30 seconds without
#' use, when memory is short and by [memshare_gc()], and goes with the session. Nobody can still read what lies in it: a page that any
#' process has mapped is not used again.
#'
#' The default number of workers is what this process may really use: control groups, CPU affinity, Slurm and
#' `options(mc.cores)` are heeded. It is found once a session.
#'
#' @return Nothing: this page describes options.
#' @examples
#' old <- options(memshare.cores = 1)
#' memLapply(1:3, function(i) i^2)
#' options(old)
#' @name memshare-options
NULL

# What is computed once a session.
state <- new.env(parent = emptyenv())

# What settings were found to be, since options or environment variables changed last.
settings_found <- function() {
  if (native(ms_said_anew(.Options)) || is.null(state$found)) state$found <- new.env(parent = emptyenv())
  state$found
}

# The option's value, its environment twin's, or the default. `as` turns the twin's text into a value and checks both.
setting <- function(name, default, as) {
  found <- settings_found()
  known <- found[[name]]
  if (is.null(known)) found[[name]] <- known <- list(setting_now(name, default, as))
  known[[1L]]
}

setting_now <- function(name, default, as) {
  value <- getOption(option_names[[name]])
  if (!is.null(value)) return(as(value, paste0("options(memshare.", name, " = )")))
  twin <- option_twins[[name]]
  value <- Sys.getenv(twin)
  if (nzchar(value)) as(value, twin) else default
}

# The names of options and of their twins, made once.
option_names <- local({
  names <- c("cores", "share", "progress", "quiet", "threads", "idle", "fork", "log", "log.format", "dir", "profiles", "cache", "foreach")
  stats::setNames(paste0("memshare.", names), names)
})
option_twins <- vapply(names(option_names), function(name) paste0("MEMSHARE_", toupper(gsub(".", "_", name, fixed = TRUE))), "")

# What a setting says as a number, for `check` to judge.
as_setting_number <- function(check) {
  function(value, source) {
    number <- suppressWarnings(as.numeric(value))
    check(if (length(number) == 1L && is.na(number)) value else number, source)
  }
}

as_setting_flag <- function(value, source) check_flag(if (is.character(value)) as.logical(value) else value, source)

as_setting_string <- function(value, source) check_string(value, source)

as_setting_choice <- function(choices) function(value, source) check_choice(value, choices, source, NULL)

option_cores <- function() setting("cores", NULL, as_setting_number(check_count))
option_share <- function() setting("share", 1e6, as_setting_number(function(value, source) count_or_inf(value, source, 0)))
option_threads <- function() {
  as.integer(setting("threads", 1, as_setting_number(function(value, source) check_count(value, source, most = 1000))))
}
option_progress <- function() setting("progress", NULL, as_setting_flag)
option_quiet <- function() setting("quiet", FALSE, as_setting_flag)

# The cores this process may use, found once a session: asking takes milliseconds. What was found while files could not be read, say
# for want of descriptors, is not remembered.
available_cores <- function() {
  if (!is.null(state$cores)) return(state$cores)
  failed <- FALSE
  cores <- tryCatch(
    withCallingHandlers(parallelly::availableCores(), warning = function(w) {
      failed <<- TRUE
      tryInvokeRestart("muffleWarning")
    }),
    # That package cannot be loaded where the working directory is gone.
    error = function(e) {
      failed <<- TRUE
      suppressWarnings(parallel::detectCores())
    }
  )
  if (!failed && !is.na(cores)) state$cores <- as.integer(cores)
  max(as.integer(cores), 1L, na.rm = TRUE)
}

# The number of workers of a call, as an argument of this name asks for it.
worker_count <- function(asked, call = NULL, argument = "MAX.CORES") {
  asked <- check_count(asked, argument, 1, call)
  if (is.null(asked)) asked <- option_cores()
  if (is.null(asked)) asked <- available_cores()
  if (asked > 1000) abort_input(sprintf("%s must be at most 1000, not %.0f", argument, asked), call)
  as.integer(asked)
}

# Tells native code how to start workers and where to put pages, when that changed since the last time: then new workers are
# started for the next run, so nothing here may depend on a single call.
configure_native <- function() {
  configure_place()
  pool <- list(
    r = r_of_workers(),
    libs = libraries_of_workers(),
    dir = worker_directory(),
    max_idle = setting("idle", 600, as_setting_number(function(value, source) count_or_inf(value, source, 0))),
    fork = setting("fork", TRUE, as_setting_flag),
    threads = option_threads()
  )
  if (!identical(pool, state$pool)) {
    native(ms_pool_configure(pool))
    state$pool <- pool
  }
  invisible()
}

# What the native side logs, and how: of this process at once, of workers from their next run on.
configure_log <- function() {
  filter <- setting("log", NULL, as_setting_string)
  log <- if (!is.null(filter)) {
    list(filter, setting("log.format", "text", as_setting_choice(c("text", "json"))), file.path(worker_directory(), "session.log"))
  }
  if (identical(log, state$log)) return(invisible())
  if (is.null(log)) native(ms_log_by(NULL, "text", "")) else native(ms_log_by(log[[1L]], log[[2L]], log[[3L]]))
  state$log <- log
}

# What is logged; where pages go; how much memory is kept. Asked in every call. A directory that was named may go at any time: it is looked at each time.
configure_place <- function() {
  found <- settings_found()
  if (!is.null(found$placed)) return(invisible())
  configure_log()
  configure_directory()
  cache <- setting("cache", 2^31, as_setting_number(function(value, source) count_or_inf(value, source, 0)))
  if (!identical(cache, state$cache)) {
    native(ms_set_cache(cache))
    state$cache <- cache
  }
  if (is.null(state$log) && is.null(state$place)) found$placed <- TRUE
}

# The directory that stands in for shared memory, and for the temporary directory, where those have no room.
configure_directory <- function() {
  place <- setting("dir", NULL, as_setting_string)
  if (!is.null(place)) {
    if (!dir.exists(place)) abort_input(sprintf("options(memshare.dir = ): there is no directory '%s'; make it, or name another one", place))
    place <- normalizePath(place)
  }
  if (!identical(place, state$place)) {
    native(ms_set_place(place))
    state$place <- place
    state$files <- NULL
  }
}

# Where workers write what FUN prints, one file a worker, and have their temporary directories; private, and gone with the session.
worker_directory <- function() {
  configure_directory()
  # R makes its temporary directory anew where somebody removed it.
  if (is.null(state$files) || !dir.exists(state$files)) state$files <- native(ms_files_directory(tempdir(check = TRUE)))
  state$files
}

# The library this memshare was loaded from: workers and nodes must load the same.
library_of_memshare <- function() dirname(getNamespaceInfo("memshare", "path"))

# What workers and the nodes of a memCluster() are started with.
libraries_of_workers <- function() unique(c(library_of_memshare(), .libPaths()))

# The R of workers: where the script `R` started this session, the program that it runs, for which the environment is as it must be already (the
# script takes 20 ms). Elsewhere, and where that environment was changed, the script.
r_of_workers <- function() {
  paths <- Sys.getenv("LD_LIBRARY_PATH")
  if (!identical(paths, state$r$paths)) state$r <- list(paths = paths, program = r_program(paths))
  state$r$program
}

r_program <- function(paths) {
  script <- file.path(R.home("bin"), "R")
  program <- file.path(R.home("bin"), paste0("exec", Sys.getenv("R_ARCH")), "R")
  if (Sys.readlink("/proc/self/exe") != normalizePath(program, mustWork = FALSE)) return(script)
  begun_with <- tryCatch(readBin("/proc/self/environ", "raw", 1e6), error = function(e) raw(), warning = function(w) raw())
  begun_with <- strsplit(rawToChar(replace(begun_with, begun_with == 0, charToRaw("\n"))), "\n", fixed = TRUE, useBytes = TRUE)[[1L]]
  if (paste0("LD_LIBRARY_PATH=", paths) %in% begun_with) program else script
}

# Whether a run, a plan or a handle is of this `process`, and memshare was not unloaded since (`session`): they end with it, and their numbers begin anew.
is_here <- function(thing) identical(thing$process, Sys.getpid()) && identical(thing$session, state$session)
