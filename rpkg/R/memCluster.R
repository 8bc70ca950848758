# A cluster of package parallel whose nodes are R processes of this machine that take big objects from shared memory. What its messages are is in
# cluster-messages.R, its processes are in node-process.R.

#' A cluster for code that is written for package parallel
#'
#' `memCluster()` gives what `parallel::makeCluster()` gives, for code that takes such a cluster: `parLapply()`, `clusterApplyLB()`,
#' `clusterExport()`, `clusterSetRNGStream()`, doParallel, pbapply, caret, boot, `future::plan(cluster, workers = )`. Objects of
#' `memshare.share` bytes and more (see [memshare-options]) do not travel through the connection: they are put into shared memory once, and
#' each node reads them in place; so are big results.
#'
#' An object that is sent again, to the same or another node, is recognized by its content. The last 16 are kept, for at most a minute without
#' use; [memshare_gc()] gives them back. Code that writes to a node's connection itself sends full copies.
#'
#' A node whose process dies is an error of class `memshare_error_node_died` with the fields `node` and `task`. It is replaced at once; what
#' was exported to it is gone, which the error says. Answers that nobody received, after such an error or Ctrl-C, are dropped.
#'
#' Nodes have one thread each for BLAS and OpenMP (`memshare.threads`), prove by a secret that they are this session's, are processes of the same
#' user, and end with it, even if it is killed. What they print is in `node-1.log` and so on in `file.path(tempdir(), "memshare")`. Where R has it
#' (4.5 and later), `parallel::makeCluster(4, type = "MEMSHARE")` is the same.
#'
#' @param workers The number of nodes; by default what the options say, see [memshare-options].
#' @param timeout Seconds within which all nodes must have started.
#' @return A list of nodes of classes `memshareCluster`, `SOCKcluster` and `cluster`. End it by `parallel::stopCluster()`.
#' @seealso [memLapply()], [registerDoMemshare()], [MemshareParam()]
#' @examples
#' cluster <- memCluster(2)
#' cluster
#' unlist(parallel::parLapply(cluster, 1:4, function(i) i^2))
#' parallel::stopCluster(cluster)
#' @export
memCluster <- function(workers = NULL, timeout = 60) {
  call <- sys.call()
  workers <- worker_count(workers, call, "workers")
  timeout <- check_count(timeout, "timeout", 1, call, optional = FALSE)
  free <- free_connections()
  # One listens while they start.
  if (workers + 1L > free) {
    abort_input(
      sprintf("workers must be at most %d here, for each needs a connection of R, of which %d are free; start R with --max-connections", max(free - 1L, 0L), free),
      call
    )
  }
  group <- new.env(parent = emptyenv())
  group$process <- Sys.getpid()
  group$nodes <- lapply(seq_len(workers), function(rank) new_node(rank, group))
  reg.finalizer(group, end_nodes, onexit = TRUE)
  started <- FALSE
  on.exit(if (!started) end_nodes(group))
  start_nodes(group$nodes, timeout, call)
  started <- TRUE
  nodes <- lapply(group$nodes, function(node) structure(list(node), class = c("memshareNode", "SOCKnode")))
  structure(nodes, class = c("memshareCluster", "SOCKcluster", "cluster"))
}

# Connections that R can still have.
free_connections <- function() connections_at_most() - nrow(showConnections(all = TRUE))

# R's own number, which the environment or the command line sets.
connections_at_most <- function() {
  asked <- grep("^--max-connections=", commandArgs(), value = TRUE)
  if (length(asked)) as.integer(sub(".*=", "", asked[[1L]])) else 128L
}

# The life of a node.
node_main <- function(port) {
  secret <- readLines(file.path("/dev/fd", Sys.getenv("MEMSHARE_CHANNEL")))
  Sys.unsetenv("MEMSHARE_CHANNEL")
  connection <- socketConnection("localhost", port, blocking = TRUE, open = "a+b", timeout = 30L * 24L * 3600L)
  writeBin(charToRaw(secret), connection)
  state$connection <- connection
  # By this name package future finds whom to tell.
  master <- structure(list(con = connection), class = c("memshareSession", "SOCKnode"))
  # But for FUN, nothing is to be interrupted. The signal is kept off too, for R gives up a wait for a connection at a signal.
  native(ms_node_listen(FALSE))
  suspendInterrupts(while (node_step(connection)) NULL)
}

# The parts of a node as those of a list, as code for clusters of package parallel asks for them.
#' @export
`$.memshareNode` <- function(x, name) .subset2(x, 1L)[[name]]

#' @export
`[[.memshareNode` <- function(x, i) .subset2(x, 1L)[[i]]

#' @export
print.memshareNode <- function(x, ...) {
  cat(sprintf("node %d of a memCluster(), process %d\n", x$rank, x$pid))
  invisible(x)
}

#' @export
print.memshareCluster <- function(x, ...) {
  cat(sprintf("memCluster() of %s on this machine\n", count_of(length(x), "node")))
  invisible(x)
}

# To be called when this package is loaded. Package parallel sets an option when it is loaded, so that is left to who needs it.
register_cluster_type <- function() when_loaded("parallel", register_with_parallel)

register_with_parallel <- function(package) {
  register <- get0("registerClusterType", envir = asNamespace(package), inherits = FALSE)
  if (!is.null(register)) register("MEMSHARE", function(spec = NULL, ...) memCluster(spec, ...))
}
