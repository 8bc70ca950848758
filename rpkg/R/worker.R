# The life of a worker process in R: take a run, work, be as before, take the next. prepare.R makes a step ready, watch.R calls FUN and
# catches what it raises.

# The life of a process that memshare started: it becomes the mirror of a session, which forks workers, or a worker. An interrupt is how
# a run is stopped; one that comes when the run is over must neither end this process nor hit the next run.
worker_main <- function() {
  launched <- Sys.getpid()
  # Also after an error or an interrupt. No handler stands around all of this: FUN's errors would be caught by it.
  on.exit(if (Sys.getpid() != launched) leave())
  process_life()
}

# A mirror has the temporary directory of the fork server, so it must not end in R's way, which removes it.
leave <- function() {
  if (!is.null(mirror$directory)) unlink(mirror$directory, recursive = TRUE)
  ms_worker_quit()
}

# Gives a forked worker a temporary directory of its own: files of one name in it would be the other workers' too. R makes a new one where
# the old one is missing, so that is moved away for a moment; another worker that is forked just now may do the same.
own_directory <- function() {
  shared <- tempdir()
  aside <- paste0(shared, "-", Sys.getpid())
  for (i in seq_len(100L)) {
    moved <- suppressWarnings(file.rename(shared, aside))
    mirror$directory <- tempdir(check = TRUE)
    if (moved) file.rename(aside, shared)
    if (mirror$directory != shared) return(invisible())
  }
  mirror$directory <- NULL
}

# What differs in a worker that was just forked from the mirror that it was forked from.
own_state <- function() {
  own_directory()
  if (isTRUE(mirror$stopped)) clock_of_cli("clic_start_thread")
  if (is.null(mirror$bytes)) return(invisible())
  mirror$before$environment <- Sys.getenv()
  mirror$threads <- native(ms_threads())
  look(mirror)
}

# The functions of this package that each worker calls in its first run.
called_by_workers <- c(
  "own_directory", "own_state", "worker_run", "work", "watched", "next_run", "ms_worker_next", "ignoring_interrupts", "enter_session", "ms_worker_session",
  "ms_worker_loop", "came_late", "prepare", "bind_globals", "ms_unpack", "bind_dots", "call_of", "frame_of", "dots_frame", "is_usual_form",
  "ms_worker_ready", "stream_setter", "ms_worker_done", "detach_packages", "tidy", "leftover"
)

# Every process that is forked meanwhile goes on in here.
process_life <- function() {
  launched <- Sys.getpid()
  # R loads a function when it is called first: these, which every mirror or worker calls, are loaded once, for all.
  apply_settings(session_settings())
  mget(called_by_workers, topenv())
  # What is new grows older once, here and in a mirror, and not in each process that is forked: a collection writes to all that it looks at. A whole
  # one would write to everything that a mirror has of the server.
  gc(verbose = FALSE, full = FALSE)
  role <- native(ms_worker_begin())
  while (is.list(role)) {
    session <- become(role$state, role$deferred, function(package) native(ms_mirror_loading(package)))
    # All is loaded.
    native(ms_mirror_loading(""))
    take_on_early(session)
    # Of R's cells those in use, and those that will be when the next collection begins. A whole one lets the heap grow where little is free: else workers
    # would collect their garbage all the time.
    cells <- gc(verbose = FALSE, full = FALSE)[1L, c(1L, 3L)]
    if (diff(cells) < 5e5) gc(verbose = FALSE)
    role <- native(ms_mirror_serve())
  }
  if (isTRUE(role) && Sys.getpid() != launched) own_state()
  while (isTRUE(role) && worker_run()) {
    left <- tryCatch(tidy(), error = function(e) conditionMessage(e), interrupt = function(i) "an interrupt")
    if (!is.null(left)) {
      ignoring_interrupts(ms_worker_changed(left))
      break
    }
  }
}

# The life of a cluster's node within one run. `address` says where the session is. What is in its global environment is the user's, its
# random numbers too.
worker_join <- function(address) {
  native(ms_worker_join(address))
  on.exit({
    put_back_globals()
    ms_worker_leave()
  })
  seed <- globalenv()$.Random.seed
  worker_run(external = TRUE)
  if (is.null(seed) && exists(".Random.seed", envir = globalenv(), inherits = FALSE)) rm(".Random.seed", envir = globalenv())
  if (!is.null(seed)) assign(".Random.seed", seed, envir = globalenv())
  gc(verbose = FALSE)
}

# One run: waits for it, and works. FALSE when there is none any more. Whatever goes wrong before the first element is reported as the run's
# error and not as an element's. All handlers are in place before the wait, so that a run that comes begins at once.
worker_run <- function(external = FALSE) {
  there <- FALSE
  put_back <- NULL
  on.exit({
    if (is.function(put_back)) put_back()
    detach_packages()
  })
  enter <- function() {
    there <<- if (external) ms_worker_next(2L) else next_run()
    if (!isTRUE(there)) return(FALSE)
    # One that came while there was no run is meant for none.
    if (!external) ignoring_interrupts(Sys.sleep(0))
    put_back <<- if (external) enter_as_external() else enter_session()
    TRUE
  }
  tryCatch(
    work(enter, external),
    # How a run is stopped, which native code tells by the missing calls. One from elsewhere is an error while the run goes on.
    interrupt = function(i) if (isTRUE(there)) interrupted() else there <<- NULL
  )
  if (isTRUE(there)) native(ms_worker_done())
  # An interrupt while nothing is to be done is no reason to leave.
  is.null(there) || native(there)
}

# Waits for a run, and collects garbage meanwhile: what is young, which takes a millisecond, and all, which takes 25 and writes to each page of memory that
# this process shares with those that were forked beside it, if that did not help.
next_run <- function() {
  there <- ms_worker_next(0L)
  if (is.null(there)) {
    gc(verbose = FALSE, full = FALSE)
    there <- ms_worker_next(1L)
  }
  if (is.null(there)) {
    gc(verbose = FALSE)
    there <- ms_worker_next(2L)
  }
  there
}

# An interrupt came while FUN was not called, which one for an element that took too long may just do.
interrupted <- function() {
  late <- native(ms_worker_late())
  if (is.null(late)) report(simpleError("the worker was interrupted"), NULL) else report(late_condition(late), character())
}

# Between two runs: what FUN left goes. The value says what cannot be put back, or is NULL.
tidy <- function() {
  if (length(globalenv())) {
    if (!identical(definition_names(), mirror$definitions)) return("classes or methods")
    rm(list = setdiff(names(globalenv()), mirror$definitions), envir = globalenv())
  }
  leftover()
}
