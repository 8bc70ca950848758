# A cluster of package parallel whose nodes are R processes of this machine that take big objects from shared memory. What its messages are is in
# cluster-messages.R.

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
#' Nodes have one thread each for BLAS and OpenMP (`memshare.threads`), prove by a secret that they are this session's, and end with it, even if it is killed.
#' What they print is in `node-1.log` and so on in `file.path(tempdir(), "memshare")`. Where
#' R has it (4.5 and later), `parallel::makeCluster(4, type = "MEMSHARE")` is the same.
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
  workers <- worker_count(workers, call)
  timeout <- count_or_inf(timeout, "timeout", 1, call)
  free <- connections_at_most() - nrow(showConnections(all = TRUE))
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

# R's own number, which the environment or the command line sets.
connections_at_most <- function() {
  asked <- grep("^--max-connections=", commandArgs(), value = TRUE)
  if (length(asked)) as.integer(sub(".*=", "", asked[[1L]])) else 128L
}

# What is known of a node. `owed` answers are still to come, of which the first `late` are nobody's; `sent` keeps what messages refer to as long as
# their answers are owed; `doing` is the task of the last message.
new_node <- function(rank, group) {
  node <- new.env(parent = emptyenv())
  node$rank <- rank
  node$host <- "localhost"
  node$group <- group
  node$owed <- node$late <- 0L
  node$sent <- list()
  node
}

# Starts the processes of nodes, and waits until each has proven itself.
start_nodes <- function(nodes, timeout, call) {
  server <- listening_socket(call)
  on.exit(close(server$socket))
  secrets <- vapply(nodes, function(node) random_id(), "")
  for (i in seq_along(nodes)) nodes[[i]]$pid <- launch_node(server$port, nodes[[i]]$rank, secrets[[i]])
  deadline <- elapsed() + timeout
  waiting <- seq_along(nodes)
  while (length(waiting)) {
    left <- deadline - elapsed()
    if (left <= 0) {
      abort("cluster", sprintf("%d of %d nodes did not start within %.0f s", length(waiting), length(nodes), timeout), call = call)
    }
    for (node in nodes[waiting]) if (!is.null(ended <- native(ms_node_ended(node$pid)))) not_started(node, ended, call)
    connection <- tryCatch(suppressWarnings(socketAccept(server$socket, blocking = TRUE, open = "a+b", timeout = 1)), error = function(e) NULL)
    if (is.null(connection)) next
    at <- match(secret_of(connection), secrets[waiting])
    if (is.na(at)) {
      close(connection)
      next
    }
    node <- nodes[[waiting[[at]]]]
    socketTimeout(connection, 30L * 24L * 3600L)
    node$con <- connection
    waiting <- waiting[-at]
  }
}

not_started <- function(node, ended, call) {
  log <- file.path(worker_directory(), sprintf("node-%d.log", node$rank))
  said <- tryCatch(utils::tail(readLines(log, warn = FALSE), 3L), error = function(e) character())
  why <- if (length(said)) paste0(": ", paste(harmless(said), collapse = "; ")) else ""
  abort("cluster", sprintf("node %d did not start: its process %s%s", node$rank, ended, why), node = node$rank, call = call)
}

# A socket of this machine alone would be better, but R listens on all addresses; so whoever connects must know the secret.
listening_socket <- function(call) {
  for (try in 1:50) {
    port <- 11000L + as.integer(sum(as.integer(charToRaw(substr(random_id(), 1L, 8L))) * 31^(0:7)) %% 20000)
    socket <- tryCatch(suppressWarnings(serverSocket(port)), error = function(e) NULL)
    if (!is.null(socket)) return(list(socket = socket, port = port))
  }
  abort("cluster", "no port could be opened for the nodes of the cluster", call = call)
}

# What a process that connects says first; "" when it says nothing within some seconds.
secret_of <- function(connection) {
  tryCatch(
    {
      if (!socketSelect(list(connection), FALSE, 10)) return("")
      rawToChar(readBin(connection, "raw", 32L))
    },
    error = function(e) ""
  )
}

# The secret is in a file that only the node's process has: it is removed at once. The process id.
launch_node <- function(port, rank, secret) {
  directory <- worker_directory()
  file <- tempfile("node-", directory)
  mask <- Sys.umask("077")
  on.exit({
    Sys.umask(mask)
    unlink(file)
  })
  cat(secret, "\n", sep = "", file = file)
  threads <- setting("threads", 1, as_setting_number(function(value, source) check_count(value, source, most = 1000)))
  variables <- c(
    sprintf("%s=%.0f", c("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"), threads), "MC_CORES=1",
    paste0("R_LIBS=", paste(unique(c(library_of_memshare(), .libPaths())), collapse = ":"))
  )
  arguments <- c("--no-echo", "--no-restore", "--no-save", "-e", sprintf("memshare:::node_main(%d)", port))
  native(ms_node_launch(file.path(R.home("bin"), "R"), arguments, variables, c(file.path(directory, sprintf("node-%d.log", rank)), file)))
}

# The life of a node.
node_main <- function(port) {
  secret <- readLines(file.path("/dev/fd", Sys.getenv("MEMSHARE_CHANNEL")))
  Sys.unsetenv("MEMSHARE_CHANNEL")
  connection <- socketConnection("localhost", port, blocking = TRUE, open = "a+b", timeout = 30L * 24L * 3600L)
  writeBin(charToRaw(secret), connection)
  # But for FUN, nothing is to be interrupted. The signal is kept off too, for R gives up a wait for a connection at a signal.
  native(ms_node_listen(FALSE))
  suspendInterrupts(while (node_step(connection)) NULL)
}

# Ends the processes of a cluster. One that is at nothing ends by itself, in R's way.
end_nodes <- function(group) {
  # A forked child has the connections too.
  nodes <- if (group$process == Sys.getpid()) Filter(function(node) !is.null(node$pid), group$nodes)
  for (node in nodes) {
    if (!is.null(node$con) && !node$owed) try(suppressWarnings(serialize(list(type = "DONE"), node$con, xdr = FALSE)), silent = TRUE)
  }
  until <- elapsed() + 1
  running <- function(node) !is.null(node$con) && !node$owed && is.null(native(ms_node_ended(node$pid)))
  while (elapsed() < until && any(vapply(nodes, running, NA))) Sys.sleep(0.01)
  for (node in nodes) end_node(node)
}

end_node <- function(node) {
  if (!is.null(node$con)) try(close(node$con), silent = TRUE)
  native(ms_node_end(node$pid))
  refer(unlist(node$sent, FALSE), -1)
  node$sent <- list()
  node$owed <- node$late <- 0L
  node$con <- node$pid <- NULL
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
