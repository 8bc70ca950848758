# The structure of the session: what a process has to attach, load, register and define to find what FUN finds here. It is written to a
# file that the mirror of a generation reads; equal structure is the same generation.

# Their process is a rank of a job by being loaded, which no other process can be.
packages_of_mpi <- c("Rmpi", "pbdMPI")

# Namespaces that change nothing FUN can see, and come and go by R's own doing.
silent_namespaces <- c("base", "compiler", "tools", "parallel", "codetools", "memshare", "globals", "digest", "parallelly", "listenv", packages_of_mpi)

session_structure <- function() {
  list(
    search = search(), attached = lapply(seq_along(search()), attached_at), namespaces = loaded_namespaces(), named = state$named,
    methods = session_methods(), definitions = session_definitions(), inside = definition_objects(session_definitions())
  )
}

# Settings that packages may heed when they are loaded. Reading an option that is a package's function would load that package.
early_settings <- function(settings) {
  settings$options <- settings$options[vapply(settings$options, function(value) is.null(value) || is.atomic(value), NA)]
  settings
}

# What must be loaded before it is read is serialized apart.
pack_structure <- function(structure) {
  # Only compared.
  structure$inside <- NULL
  for (part in c("methods", "definitions")) structure[[part]] <- serialize(structure[[part]], NULL, xdr = FALSE)
  structure
}

# An entry of the search path: a package, with the names that are there when it is not attached as a whole, or another list.
attached_at <- function(i) {
  env <- as.environment(i)
  name <- search()[[i]]
  package <- sub("^package:", "", name)
  if (package == name || !isNamespaceLoaded(package)) return(list(name = name))
  partial <- package != "base" && !all(c(getNamespaceExports(package), names(data_of(package))) %in% names(env))
  list(name = name, package = package, only = if (partial) sort(names(env)))
}

# The data sets that are attached with a package.
data_of <- function(package) getNamespaceInfo(package, "lazydata")

# Loaded namespaces, each after those that it imports, with where it came from.
loaded_namespaces <- function() {
  names <- setdiff(sort(loadedNamespaces()), silent_namespaces)
  found <- stats::setNames(lapply(names, namespace_at, names), names)
  order <- character()
  visit <- function(name) {
    for (import in setdiff(found[[name]]$imports, order)) visit(import)
    if (!name %in% order) order <<- c(order, name)
  }
  for (name in names) visit(name)
  found[order]
}

# A namespace that was made from sources by pkgload has a print of its code: workers must not load other code by that name.
namespace_at <- function(name, names) {
  path <- getNamespaceInfo(name, "path")
  imports <- intersect(unique(names(getNamespaceImports(name))), setdiff(names, name))
  if (!is_development(name)) return(list(library = dirname(path), imports = imports))
  list(sources = path, code = code_print(name), imports = imports)
}

is_development <- function(name) exists(".__DEVTOOLS__", envir = asNamespace(name), inherits = FALSE)

# A short name of all functions of a namespace, without their source references.
code_print <- function(name) {
  functions <- Filter(is.function, as.list(asNamespace(name), sorted = TRUE))
  bare <- lapply(functions, function(f) if (is.primitive(f)) f else list(formals(f), body(utils::removeSource(f))))
  native(ms_fingerprint(serialize(bare, NULL, version = 2L, xdr = FALSE, refhook = function(reference) "")))
}

# S3 methods that are registered and whose frame is no package's: list(table = namespace, name, method, made). Those `made` by a package's
# function may have come with the package, and are then there on a worker.
session_methods <- function() {
  found <- list()
  for (namespace in loadedNamespaces()) {
    table <- method_table(namespace)
    if (!is.environment(table)) next
    for (name in native(ms_own_closures(table))) {
      method <- get(name, envir = table)
      found[[length(found) + 1L]] <- list(table = namespace, name = name, method = method, made = isNamespace(topenv(environment(method))))
    }
  }
  found[order(vapply(found, function(entry) paste(entry$table, entry$name), ""))]
}

# S4 classes, generics and methods, and reference classes, that are defined in the global environment, by the names under which
# package methods keeps them there.
session_definitions <- function() {
  state$definitions <- definition_names()
  mget(state$definitions, envir = globalenv())
}

definition_names <- function() sort(grep("^[.]__", names(globalenv()), value = TRUE))

# What the next looks compare by identity: what else is attached, namespaces from sources, methods of the session's own.
watch <- function(structure) {
  others <- which(vapply(structure$attached, function(entry) is.null(entry$package), NA))
  others <- lapply(setdiff(others, c(1L, length(structure$attached))), as.environment)
  sources <- lapply(names(Filter(function(entry) !is.null(entry$sources), structure$namespaces)), asNamespace)
  state$watched <- c(others, sources)
  state$registered <- structure$methods
}
