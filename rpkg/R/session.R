# The state of the user's session as workers have to have it: FUN on a worker finds what it would find here. It is told in two parts.
# *Settings* are put into a warm worker when they changed: options, environment variables, locale, time zone, library paths, working
# directory, umask, kinds of random numbers. *Structure* makes a new generation of workers: what is attached, loaded, registered, and which
# classes and methods only this session defines (structure.R). mirror.R is the worker's side.
#
# Every call asks for the state, so a look by native code (`look()`) tells first whether anything changed.

# What changed, as ms_state_look() says it.
look_at <- list(options = 1L, environment = 2L, settings = 4L, structure = 8L)

# What changed since the last look. `of` holds what is looked at: `state` for this session, `mirror` for a worker, which may itself be the
# session of other workers.
look <- function(of) {
  objects <- of$watched
  if (length(of$definitions)) objects <- c(objects, definition_objects(mget(of$definitions, globalenv(), ifnotfound = list(NULL))))
  for (entry in of$registered) objects <- c(objects, list(method_table(entry$table)[[entry$name]]))
  native(ms_state_look(identical(of, mirror), list(
    .Options, list(.libPaths(), random_kinds()), list(search(), loadedNamespaces()), if (is.null(objects)) list() else objects,
    tables_to_count(of), names(globalenv())
  )))
}

# The kinds of random numbers as far as they can be read at once: who sets them leaves a state.
random_kinds <- function() as.character(globalenv()[[".Random.seed"]][1L])

# Which tables of methods are counted: those of R's own generics each time, all of them when they are few, or were not for a moment.
# Counting thousands of methods would cost more than the call.
tables_to_count <- function(of) {
  if (!of$many) return(of$tables)
  now <- elapsed()
  if (now - of$counted <= 0.25) return(of$core_tables)
  of$counted <- now
  of$tables
}

# What counts by identity of classes, generics and methods: themselves, and what their tables hold.
definition_objects <- function(definitions) {
  inside <- lapply(unname(definitions), function(definition) {
    table <- table_of(definition)
    if (is.environment(table)) as.list(table, all.names = TRUE, sorted = TRUE)
  })
  c(definitions, unlist(inside, recursive = FALSE))
}

# The methods in a table of a generic, or of a reference class.
table_of <- function(definition) {
  if (is.environment(definition)) definition else if (methods::is(definition, "refClassRepresentation")) definition@refMethods
}

# The tables of registered S3 methods, one a namespace.
remember_tables <- function(of) {
  tables <- lapply(c(own_generics, setdiff(loadedNamespaces(), own_generics)), method_table)
  of$tables <- tables[vapply(tables, is.environment, NA)]
  of$core_tables <- of$tables[seq_along(own_generics)]
  of$many <- sum(lengths(of$tables)) > 1500
  of$counted <- -Inf
}

own_generics <- c("base", "stats", "utils")

method_table <- function(name) {
  if (name == "base") baseenv()[[".__S3MethodsTable__."]] else asNamespace(name)[[".__S3MethodsTable__."]]
}

# Settings as a worker puts them in.
session_settings <- function() {
  list(
    options = travelling_options(), environment = travelling_variables(), locale = locale_now(), libraries = .libPaths(),
    kinds = RNGkind(), directory = getwd(), umask = Sys.umask(NA)
  )
}

# Options that never travel: what talks to the person at the session, its devices, and how much of the machine it may use.
home_options <- c(
  "error", "browser", "editor", "pager", "pdfviewer", "viewer", "device", "device.ask.default", "askYesNo", "askpass", "menu.graphics",
  "prompt", "continue", "mailer", "echo", "verbose", "mc.cores", "Ncpus", "bitmapType", "browserNLdisabled", "CBoundsCheck",
  "rl_word_breaks", "nwarnings", "buildtools.check", "shiny.launch.browser", "plumber.docs.callback", "connectionObserver", "profvis.print", "restart",
  "memshare.cores", "memshare.log", "memshare.log.format", "memshare.progress"
)

travelling_options <- function() {
  values <- as.vector(.Options, "list")
  values <- values[!names(values) %in% home_options]
  values[vapply(values, is_plain_setting, NA)]
}

# Data and code without an environment of its own: no connection, pointer or session's object can hide in it.
is_plain_setting <- function(value) {
  switch(typeof(value),
    list = , expression = all(vapply(bare_items(value), is_plain_setting, NA)),
    closure = is_package_frame(environment(value)) || identical(environment(value), globalenv()),
    environment = , externalptr = , weakref = , S4 = , promise = FALSE,
    language = !inherits(value, "formula") || is_plain_setting_frame(attr(value, ".Environment")),
    !inherits(value, "connection")
  )
}

is_plain_setting_frame <- function(env) is.null(env) || is_package_frame(env) || identical(env, globalenv())

bare_items <- function(value) {
  attributes(value) <- NULL
  as.list(value)
}

# Environment variables that never travel: where this process lives, and what it may use of the machine.
is_home_variable <- function(names) {
  names %in% c("HOME", "TMPDIR", "TMP", "TEMP", "R_SESSION_TMPDIR", "MC_CORES", "_", "R_PARENT", "JUPYTER_TOKEN") |
    startsWith(names, "LD_") | startsWith(names, "SLURM_") | startsWith(names, "MEMSHARE_") | endsWith(names, "_NUM_THREADS")
}

travelling_variables <- function() {
  variables <- Sys.getenv(names = TRUE)
  variables <- stats::setNames(as.vector(variables), names(variables))
  variables[!is_home_variable(names(variables))]
}

locale_categories <- c("LC_COLLATE", "LC_CTYPE", "LC_MONETARY", "LC_NUMERIC", "LC_TIME", "LC_MESSAGES", "LC_PAPER", "LC_MEASUREMENT")

locale_now <- function() vapply(locale_categories, Sys.getlocale, "")
