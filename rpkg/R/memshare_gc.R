# One verb to be rid of a namespace.

#' Release all of a namespace
#'
#' Gives back what failed runs left for [memRedo()] (`memControl(keep = TRUE)`), what a [memCluster()] keeps for its next message, and memory that
#' is kept for the next call; without a namespace, that is all.
#' Drops every view of the namespace that this session holds and every variable of it that this session registered, on the
#' nodes of `cluster` too, and collects garbage so that the memory goes at once. A view that is still bound to an R variable
#' stays readable, and keeps its memory, until that variable goes. The hosts of `cluster` give up what [registerVariables()] gave them. A node that
#' does not answer within 30 seconds loses its connection, with a warning.
#'
#' @param namespace One string that names the shared-memory context, or `NULL`.
#' @param cluster A cluster of package parallel whose nodes, on this machine or others, do the same, or `NULL`.
#' @return `NULL`, invisibly.
#' @seealso [releaseViews()], [releaseVariables()], [viewList()]
#' @examples
#' registerVariables("demo", list(a = 1:3, b = letters))
#' memshare_gc("demo")
#' pageList()
#' @export
memshare_gc <- function(namespace = NULL, cluster = NULL) {
  call <- sys.call()
  forget_kept()
  forget_objects(0)
  if (is.null(namespace)) {
    if (!is.null(cluster)) abort_input("cluster is asked to release a namespace, and none is given", call)
    gc(verbose = FALSE)
    native(ms_clear_cache())
    return(invisible(NULL))
  }
  namespace <- check_namespace(namespace, call)
  release_all(namespace, viewList(), releaseViews)
  nodes <- NULL
  if (!is.null(cluster)) {
    check_cluster(cluster, call)
    nodes <- leave_nodes(ask_nodes(cluster, node_gc, list(namespace, library_of_memshare())))
    if (length(state$held)) forget_on(processes_of(cluster, answers_within), namespace)
  }
  release_all(namespace, pageList(), releaseVariables)
  gc(verbose = FALSE)
  native(ms_clear_cache())
  check_released(nodes, call)
  invisible(NULL)
}

# What nodes that released a namespace answered is NULL, or an error.
check_released <- function(nodes, call) {
  for (i in seq_along(nodes)) {
    said <- nodes[[i]]$said
    if (is.null(said)) next
    text <- sub("\\n+$", "", as.character(said)[[1L]])
    abort("cluster", sprintf("%s did not release the namespace: %s", node_label(nodes[[i]], i), text), node = i, call = call)
  }
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
  get("forget_names", envir = asNamespace("memshare"))(namespace)
  get("memshare_gc", envir = asNamespace("memshare"))(namespace)
  NULL
}
environment(node_gc) <- baseenv()
