# One verb to be rid of a namespace.

#' Release all of a namespace
#'
#' Drops every view of the namespace that this session holds and every variable of it that this session registered, on the
#' nodes of `cluster` too, and collects garbage so that the memory goes at once. A view that is still bound to an R variable
#' stays readable, and keeps its memory, until that variable goes.
#'
#' @inheritParams registerVariables
#' @param cluster A cluster of package parallel whose nodes do the same, or `NULL`.
#' @return `NULL`, invisibly.
#' @seealso [releaseViews()], [releaseVariables()], [viewList()]
#' @examples
#' registerVariables("demo", list(a = 1:3, b = letters))
#' memshare_gc("demo")
#' pageList()
#' @export
memshare_gc <- function(namespace, cluster = NULL) {
  call <- sys.call()
  check_given("namespace", call)
  namespace <- check_namespace(namespace, call)
  release_all(namespace, viewList(), releaseViews)
  if (!is.null(cluster)) {
    check_cluster(cluster, call)
    parallel::clusterCall(cluster, node_gc, namespace, library_of_memshare())
  }
  release_all(namespace, pageList(), releaseVariables)
  gc(verbose = FALSE)
  invisible(NULL)
}

# Releases, one by one, the entries "namespace.variable" of this namespace. Namespaces may hold dots, so an entry that only
# looks like this namespace's ("a.b" + "c" while "a" is asked for) is no variable of it, and is passed over.
release_all <- function(namespace, entries, release) {
  prefix <- paste0(namespace, ".")
  for (entry in as.character(entries)) {
    if (!startsWith(entry, prefix)) next
    tryCatch(release(namespace, substring(entry, nchar(prefix) + 1L)), memshare_error_not_allocated = function(e) NULL)
  }
}

# Runs on a cluster's node. Its environment is base, so that nothing of this session goes with it.
node_gc <- function(namespace, libraries) {
  loadNamespace("memshare", lib.loc = c(libraries, .libPaths()))
  get("memshare_gc", envir = asNamespace("memshare"))(namespace)
}
environment(node_gc) <- baseenv()
