# Generics that other packages have too: explain() and collect() of dplyr, resolved() and cancel() of future. Whichever package is attached
# last, both kinds of objects find their methods: what is not ours is handed over to theirs, and our methods are registered with theirs as
# soon as their package is loaded.

# The packages that have a generic of this name, and our classes that have a method for it.
shared_generics <- list(
  explain = list(package = "dplyr", classes = c("memshare_plan", "memshare_run", "memshare_pass", "memshare_handle", "memshare_plan_record")),
  collect = list(package = "dplyr", classes = "memshare_handle"),
  resolved = list(package = "future", classes = "memshare_handle"),
  cancel = list(package = "future", classes = "memshare_handle")
)

# The other package's generic, if it is loaded and has a method for this object that is not its default. It is called from its own package: a
# generic looks for methods first where it is called, and from here would find our defaults, which hand over to it.
their_generic <- function(name, x) {
  package <- shared_generics[[name]]$package
  if (!isNamespaceLoaded(package) || !name %in% getNamespaceExports(package)) return(NULL)
  has_method <- function(class) !is.null(utils::getS3method(name, class, optional = TRUE, envir = asNamespace(package)))
  if (!any(vapply(.class2(x), has_method, NA))) return(NULL)
  generic <- getExportedValue(package, name)
  function(...) do.call(generic, list(...), quote = TRUE, envir = asNamespace(package))
}

# To be called when this package is loaded.
register_shared_generics <- function() {
  for (package in unique(vapply(shared_generics, `[[`, "", "package"))) {
    when_loaded(package, register_with)
  }
}

# Calls a function with the name of a package, now if that is loaded, and whenever it is.
when_loaded <- function(package, register) {
  if (isNamespaceLoaded(package)) register(package)
  setHook(packageEvent(package, "onLoad"), function(name, ...) register(name))
}

# Registers our methods with the generics of a package that is loaded. One of a version without the generic has none.
register_with <- function(package) {
  theirs <- asNamespace(package)
  for (name in names(shared_generics)) {
    shared <- shared_generics[[name]]
    if (shared$package != package || !exists(name, envir = theirs, mode = "function", inherits = FALSE)) next
    for (class in shared$classes) registerS3method(name, class, method_of(name, class), envir = theirs)
  }
}

method_of <- function(name, class) get(paste(name, class, sep = "."), envir = topenv(), mode = "function")
