# The life of a worker process in R: take a run, work, be as before, take the next. prepare.R makes a step ready, watch.R calls FUN and
# catches what it raises.

# The life of a worker that memshare started. An interrupt is how a run is stopped; one that comes when the run is over must
# neither end this process nor hit the next run.
worker_main <- function() {
  options <- options_now()
  launched <- Sys.getpid()
  while (native(ms_worker_next())) {
    ignoring_interrupts(Sys.sleep(0))
    worker_run(options)
    ignoring_interrupts(tidy())
  }
  # The first call above forks: this may be another process now. Its temporary directory is then shared, and not its to remove.
  if (Sys.getpid() != launched) ms_worker_quit()
}

ignoring_interrupts <- function(code) tryCatch(code, interrupt = function(i) NULL)

# The life of a cluster's node within one run. What is in its global environment is the user's, its random numbers too.
worker_join <- function(address) {
  native(ms_worker_join(address))
  on.exit({
    put_back_globals()
    ms_worker_leave()
  })
  seed <- globalenv()$.Random.seed
  if (native(ms_worker_next())) worker_run(options_now(), guest = TRUE)
  if (is.null(seed) && exists(".Random.seed", envir = globalenv(), inherits = FALSE)) rm(".Random.seed", envir = globalenv())
  if (!is.null(seed)) assign(".Random.seed", seed, envir = globalenv())
  gc(verbose = FALSE)
}

# One run. Whatever goes wrong before the first element is reported as the run's error and not as an element's. Options and
# directory are put back afterwards, so that what one call's FUN sets does not reach the next call.
worker_run <- function(options, guest = FALSE) {
  # A FUN that called quit() took the directory that forked workers share with it.
  tempdir(check = TRUE)
  directory <- getwd()
  on.exit({
    put_back_options(options)
    if (!is.null(directory) && !identical(getwd(), directory)) try(setwd(directory), silent = TRUE)
  })
  tryCatch(
    work(guest),
    # How a run is stopped, which native code tells by the missing calls. One from elsewhere is an error while the run goes on.
    interrupt = function(i) native(ms_worker_failed(simpleError("the worker was interrupted"), NULL))
  )
  native(ms_worker_done())
}

# All options as they lie in R, which is cheaper than options() to get and to compare: most runs change none.
options_now <- function() as.vector(.Options, "list")

# Options that came with a package since are the package's.
put_back_options <- function(options) {
  if (!identical(options_now()[seq_along(options)], options)) options(options)
}

# Between two runs: what FUN left in the global environment goes, and garbage is collected, for a page that was released keeps its
# memory until the last view of it is collected. Collecting takes longer than a small run, so it waits until nothing comes, but
# not for ever.
tidy <- function() {
  if (length(globalenv())) rm(list = ls(globalenv(), all.names = TRUE, sorted = FALSE), envir = globalenv())
  now <- proc.time()[["elapsed"]]
  if (is.null(state$collected)) state$collected <- now
  overdue <- now - state$collected > 2
  if (overdue || isTRUE(native(ms_worker_idle(30L)))) {
    gc(verbose = FALSE)
    state$collected <- now
  }
}

# A worker of ours draws random numbers in the session's manner, from a state of its own.
fresh_random_numbers <- function(kinds) {
  if (!identical(RNGkind(), kinds)) suppressWarnings(try(do.call(RNGkind, as.list(kinds)), silent = TRUE))
  if (exists(".Random.seed", envir = globalenv(), inherits = FALSE)) rm(".Random.seed", envir = globalenv())
}
