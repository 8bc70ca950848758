# The worker's side of session.R: a process comes to the state of the session, and after each run sees to it that the next one finds it
# so again.

# What a worker, or the mirror that forked it, remembers.
mirror <- new.env(parent = emptyenv())

# Reaches the structure in a file, and gives the bytes of the session's settings of then. In a mirror `announce` tells the session of every package
# before it is loaded, so that one that hangs, dies or starts threads can be `deferred`, that is left to the workers: then this process ends over it.
become <- function(path, deferred = character(), announce = NULL) {
  told <- readRDS(path)
  apply_settings(told$early)
  mirror$deferred <- list()
  structure <- told$structure
  for (name in names(structure$namespaces)) {
    about <- structure$namespaces[[name]]
    # What needs a package that is left to the workers is left to them too.
    if (any(about$imports %in% deferred)) deferred <- c(deferred, name)
    load_as(name, about, name %in% deferred, announce)
  }
  for (name in structure$named) load_as(name, NULL, name %in% deferred, announce)
  attach_all(structure, announce)
  register_methods(unserialize(structure$methods))
  define(unserialize(structure$definitions))
  mirror$methods <- length(session_methods())
  mirror$id <- told$id
  told$session
}

# Loads a namespace, or keeps it for later. A package that cannot be loaded is a note, for FUN may not need it; of one that FUN names
# (`about` is NULL) FUN itself will say so.
load_as <- function(name, about, later, announce) {
  if (isNamespaceLoaded(name)) return(invisible())
  if (later) {
    mirror$deferred[name] <- list(about)
    return(invisible())
  }
  before <- setting_names()
  over(announce, name, {
    failed <- tryCatch({
      suppressMessages(suppressWarnings(load_namespace(name, about)))
      NULL
    }, error = conditionMessage)
  })
  if (is.null(about)) mirror$brought <- c(mirror$brought, setdiff(setting_names(), before))
  if (!is.null(failed) && !is.null(about)) note(sprintf("package '%s' cannot be loaded on the workers: %s", name, failed))
}

# Names of options and environment variables. Those that came with a package that FUN names are none of the session's, and stay.
setting_names <- function() c(paste("option", names(.Options)), paste("variable", names(Sys.getenv())))

is_brought <- function(kind, names) paste(kind, names) %in% mirror$brought

# Does what a package needs done. A mirror with threads is of no use, and ends.
over <- function(announce, package, code) {
  if (is.null(announce)) return(invisible(loading(package, code)))
  announce(package)
  code
  if (native(ms_threads()) == 1L) return(invisible())
  clock_of_cli("clic_stop_thread")
  # A thread that was told to end takes a moment.
  for (i in seq_len(100)) if (isTRUE(mirror$stopped) && native(ms_threads()) > 1L) Sys.sleep(0.01)
  if (native(ms_threads()) > 1L) ms_worker_quit()
}

# Does what loads a package in a worker, so that its time is known to be that.
loading <- function(package, code) {
  native(ms_worker_loading())
  on.exit(native(ms_worker_loaded(package)))
  code
}

# Package cli, which most of the newer packages load, has a thread that tells the time to progress bars, and can do without: it is stopped in
# a mirror and started again in each worker.
clock_of_cli <- function(what) {
  if (!isNamespaceLoaded("cli")) return(invisible())
  cli <- asNamespace("cli")
  routine <- get0(what, envir = cli, inherits = FALSE)
  times <- get0("clienv", envir = cli, inherits = FALSE)
  if (is.null(routine) || is.null(times$tick_time)) return(invisible())
  # A routine of cli's own, which R CMD check cannot look up here.
  do.call(.Call, c(list(routine), if (what != "clic_stop_thread") list(cli, times$tick_time, times$speed_time)))
  mirror$stopped <- what == "clic_stop_thread"
}

load_namespace <- function(name, about) {
  if (is.null(about$sources)) {
    loadNamespace(name, lib.loc = c(about$library, .libPaths()))
    return(invisible())
  }
  load_all <- getExportedValue("pkgload", "load_all")
  load_all(about$sources, attach = FALSE, quiet = TRUE)
  if (!identical(code_print(name), about$code)) {
    unloadNamespace(name)
    stop(sprintf("its sources in '%s' are not those that the session loaded; call load_all() again", about$sources), call. = FALSE)
  }
}

# The search path as the session has it. What stands at the same place from its end on stays.
attach_all <- function(structure, announce) {
  target <- structure$search
  here <- search()
  same <- 0L
  while (same < min(length(here), length(target)) - 1L && here[[length(here) - same]] == target[[length(target) - same]]) same <- same + 1L
  for (i in seq_len(length(here) - same - 1L)) detach(pos = 2L)
  for (i in rev(seq_len(length(target) - same)[-1L])) attach_entry(structure$attached[[i]], announce)
}

attach_entry <- function(entry, announce) {
  if (!is.null(entry$package) && isNamespaceLoaded(entry$package)) {
    over(announce, entry$package, suppressMessages(suppressWarnings(attach_package_of(entry))))
    return(invisible())
  }
  # An empty place: of a list, whose variables travel with what uses them, or of a package that is left to the workers or cannot be loaded.
  # R CMD check has a note on attach(), and R no other way: search() is to be that of the session, in a process that is only a worker.
  attach(NULL, name = entry$name, warn.conflicts = FALSE)
  if (!is.null(entry$package)) mirror$places <- c(mirror$places, list(entry))
}

attach_package_of <- function(entry, at = 2L) {
  if (is.null(entry$only)) return(attachNamespace(entry$package, pos = at))
  there <- c(getNamespaceExports(entry$package), names(data_of(entry$package)))
  attachNamespace(entry$package, pos = at, include.only = intersect(entry$only, there))
}

register_methods <- function(methods) {
  for (entry in methods) {
    table <- if (isNamespaceLoaded(entry$table)) method_table(entry$table)
    if (is.environment(table) && !(entry$made && exists(entry$name, envir = table, inherits = FALSE))) {
      assign(entry$name, entry$method, envir = table)
    }
  }
}

# Classes, generics and methods of the session's global environment, made known to package methods as when a package is attached.
define <- function(definitions) {
  if (!length(definitions)) return(invisible())
  list2env(definitions, globalenv())
  methods::cacheMetaData(globalenv(), TRUE)
}

# In a worker that was just made: what no mirror could load, in its place on the search path.
load_deferred <- function() {
  deferred <- mirror$deferred
  mirror$deferred <- list()
  for (name in names(deferred)) load_as(name, deferred[[name]], FALSE, NULL)
  for (entry in mirror$places) {
    if (!isNamespaceLoaded(entry$package)) next
    at <- match(entry$name, search())
    detach(pos = at)
    suppressMessages(suppressWarnings(attach_package_of(entry, at)))
  }
  mirror$places <- list()
}

# What the user is told with the next run.
note <- function(text) mirror$notes <- c(mirror$notes, text)

tell_notes <- function() {
  for (text in mirror$notes) native(ms_worker_note(text))
  mirror$notes <- NULL
}

# Brings this worker to the state of the session for the run at hand.
enter_session <- function() {
  bytes <- native(ms_worker_session())
  if (!identical(bytes, mirror$bytes)) {
    about <- unserialize(bytes)
    # A worker that was launched and not forked by a mirror.
    if (!identical(mirror$id, about$id)) become(about$path)
    load_deferred()
    take_on(about$settings, bytes)
  }
  if (length(mirror$notes)) tell_notes()
}

take_on <- function(settings, bytes) {
  apply_settings(settings)
  remember_state()
  mirror$bytes <- bytes
}

# In a mirror: takes on the settings of the session for all workers, unless packages are to be loaded before. Where that fails, each worker tries it, and
# can say why not.
take_on_early <- function(bytes) {
  if (!length(mirror$deferred)) try(take_on(unserialize(bytes)$settings, bytes), silent = TRUE)
}

# The same on a node of the user's own cluster, whose packages and random numbers are the user's. The value puts back what was there.
enter_as_external <- function() {
  about <- unserialize(native(ms_worker_session()))
  before <- state_now()
  about$settings$kinds <- before$settings$kinds
  apply_settings(about$settings)
  function() put_back(before)
}

# What the state is compared with after a run, and put back to.
remember_state <- function() {
  mirror$search <- search()
  mirror$namespaces <- setdiff(loadedNamespaces(), silent_namespaces)
  mirror$definitions <- definition_names()
  mirror$inside <- definitions_inside()
  mirror$before <- state_now()
  mirror$threads <- native(ms_threads())
  mirror$connections <- getAllConnections()
  remember_tables(mirror)
  look(mirror)
}

state_now <- function() list(options = options_now(), environment = Sys.getenv(), settings = session_settings())

# Puts settings into this process. Of what differs, that is: setting an option costs more than looking at it.
apply_settings <- function(settings) {
  put_libraries(settings$libraries)
  put_options(settings$options)
  put_variables(settings$environment)
  put_locale(settings$locale)
  if (!identical(RNGkind(), settings$kinds)) suppressWarnings(try(do.call(RNGkind, as.list(settings$kinds)), silent = TRUE))
  put_directory(settings$directory)
  Sys.umask(settings$umask)
  invisible()
}

put_directory <- function(directory) {
  if (!is.null(directory) && !identical(getwd(), directory) && dir.exists(directory)) try(setwd(directory), silent = TRUE)
}

put_libraries <- function(libraries) {
  if (!identical(.libPaths(), libraries)) assign(".lib.loc", libraries, envir = environment(.libPaths))
}

# All options as they lie in R, which is cheaper than options() to get and to compare: most runs change none.
options_now <- function() as.vector(.Options, "list")

# One by one where they cannot be set together: one that R refuses is left as it is.
put_options <- function(wanted) {
  now <- travelling_options()
  gone <- setdiff(names(now), names(wanted))
  gone <- gone[!is_brought("option", gone)]
  differ <- names(wanted)[!vapply(names(wanted), function(name) identical(now[[name]], wanted[[name]]), NA)]
  change <- c(wanted[differ], stats::setNames(vector("list", length(gone)), gone))
  set_options(change)
}

set_options <- function(change) {
  if (!length(change)) return(invisible())
  tryCatch(suppressWarnings(options(change)), error = function(e) {
    for (name in names(change)) try(suppressWarnings(options(change[name])), silent = TRUE)
  })
  invisible()
}

put_variables <- function(wanted) {
  now <- travelling_variables()
  gone <- setdiff(names(now), names(wanted))
  gone <- gone[!is_brought("variable", gone)]
  differ <- names(wanted)[!wanted == now[names(wanted)] | is.na(now[names(wanted)])]
  if (length(gone)) Sys.unsetenv(gone)
  if (length(differ)) do.call(Sys.setenv, as.list(wanted[differ]))
}

put_locale <- function(wanted) {
  now <- locale_now()
  for (category in names(wanted)[nzchar(wanted)]) {
    if (now[[category]] != wanted[[category]]) suppressWarnings(Sys.setlocale(category, wanted[[category]]))
  }
}

# After a run: puts settings back. What cannot be put back is named, and this worker must not go on.
leftover <- function() {
  setTimeLimit()
  setSessionTimeLimit()
  if (!identical(getAllConnections(), mirror$connections)) return("open connections")
  if (native(ms_threads()) > mirror$threads) return("threads")
  changed <- look(mirror)
  # Kinds of random numbers outlive .Random.seed, by which a look sees them, and which is gone by now.
  if (!changed && identical(RNGkind(), mirror$before$settings$kinds)) return(NULL)
  left <- if (bitwAnd(changed, look_at$structure)) structure_left()
  if (!is.null(left)) return(left)
  put_back(mirror$before)
  look(mirror)
  NULL
}

structure_left <- function() {
  if (!identical(search(), mirror$search)) return("another search path")
  loaded <- setdiff(loadedNamespaces(), silent_namespaces)
  if (!setequal(loaded, mirror$namespaces)) return(paste("namespaces", paste(setdiff(loaded, mirror$namespaces), collapse = ", ")))
  remember_tables(mirror)
  # Namespaces that change nothing else may have registered methods of their own.
  if (length(session_methods()) != mirror$methods) return("registered methods")
  if (!identical(definitions_inside(), mirror$inside)) return("classes or methods")
  NULL
}

definitions_inside <- function() definition_objects(mget(mirror$definitions, globalenv(), ifnotfound = list(NULL)))

put_back <- function(before) {
  now <- options_now()
  added <- setdiff(names(now), names(before$options))
  differ <- names(before$options)[!vapply(names(before$options), function(name) identical(now[[name]], before$options[[name]]), NA)]
  set_options(c(before$options[differ], stats::setNames(vector("list", length(added)), added)))
  variables <- Sys.getenv()
  added <- setdiff(names(variables), names(before$environment))
  if (length(added)) Sys.unsetenv(added)
  differ <- names(before$environment)[!names(before$environment) %in% names(variables) |
    as.vector(before$environment) != as.vector(variables[names(before$environment)])]
  if (length(differ)) do.call(Sys.setenv, as.list(stats::setNames(as.vector(before$environment[differ]), differ)))
  put_libraries(before$settings$libraries)
  put_locale(before$settings$locale)
  if (!identical(RNGkind(), before$settings$kinds)) suppressWarnings(do.call(RNGkind, as.list(before$settings$kinds)))
  put_directory(before$settings$directory)
  Sys.umask(before$settings$umask)
}
