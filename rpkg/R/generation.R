# Generations of workers: each has one structure of the session, and its settings besides.

# The state for a run that begins now, as native code takes it. `named`: packages that FUN's code names. `looked`: nothing can have
# changed since the last time.
session_state <- function(fresh, named = character(), looked = FALSE) {
  if (!looked || !isTRUE(state$settled) || length(named)) refresh_state(named, looked)
  list(id = state$generation$id, path = state$generation$path, fresh = fresh, bytes = state$session_bytes)
}

# Looks at the session, and makes anew what of its state has changed.
refresh_state <- function(named = character(), looked = FALSE) {
  if (is.null(state$tables)) remember_tables(state)
  # Whoever clears temporary directories may have taken the generation's file.
  if (!looked && !is.null(state$generation) && !file.exists(state$generation$path)) {
    state$generation <- NULL
    state$settled <- FALSE
  }
  changed <- if (looked) 0L else look(state)
  new <- is.null(state$generation)
  if (length(named) && !all(named %in% state$named)) state$named <- sort(unique(c(state$named, named)))
  structural <- new || bitwAnd(changed, look_at$structure) || !identical(state$named, state$generation$named)
  # Also when an error ends what follows.
  if (structural || changed) state$settled <- FALSE
  made <- structural && new_generation()
  if (!isTRUE(state$settled)) {
    configure_native()
    if (!made) state$session_bytes <- bytes_of_session(state$generation$id, state$generation$path, session_settings())
    state$settled <- TRUE
  }
}

# What travels with each run.
bytes_of_session <- function(id, path, settings) serialize(list(id = id, path = path, settings = settings), NULL, xdr = FALSE)

# A new generation, if the structure differs from that of the last: TRUE. What it is forked from has the settings of now, too, so that a worker has nothing
# to do in its first run.
new_generation <- function() {
  remember_tables(state)
  structure <- session_structure()
  watch(structure)
  look(state)
  if (identical(structure, state$generation$structure)) return(FALSE)
  settings <- session_settings()
  made <- write_generation(pack_structure(structure), early_settings(settings), settings)
  functions <- c(lapply(structure$methods, `[[`, "method"), Filter(is.function, unname(structure$inside)))
  state$generation <- list(id = made$id, path = made$path, structure = structure, named = state$named, functions = functions)
  state$session_bytes <- made$bytes
  TRUE
}

make_room <- "make room there, or name a directory that has room by options(memshare.dir = )"

# Writes the file of a new generation, or nothing. Its `id` and `path`, and `bytes`, which tell its `settings`.
write_generation <- function(structure, early, settings) {
  id <- state$generations <- sum(state$generations, 1)
  path <- file.path(worker_directory(), sprintf("session-%d-%.0f.rds", Sys.getpid(), id))
  bytes <- bytes_of_session(id, path, settings)
  write_privately(list(id = id, structure = structure, early = early, session = bytes), path)
  list(id = id, path = path, bytes = bytes)
}

write_privately <- function(about, path) {
  why <- NULL
  mask <- Sys.umask("077")
  on.exit(Sys.umask(mask))
  tryCatch(
    withCallingHandlers(saveRDS(about, path, compress = FALSE), warning = function(w) {
      why <<- conditionMessage(w)
      invokeRestart("muffleWarning")
    }),
    error = function(e) {
      unlink(path)
      reason <- if (is.null(why)) conditionMessage(e) else why
      abort("system", sprintf("workers cannot be told of the session: %s cannot be written (%s); %s", path, reason, make_room))
    }
  )
}

# Functions that only the session defines and that FUN may reach by dispatch. What they use of the global environment has to travel as
# well.
session_functions <- function() {
  refresh_state()
  state$generation$functions
}
