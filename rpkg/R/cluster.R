# CLUSTER: the nodes of a socket cluster on this machine join a run as its workers. Each node is told, by parallel's own
# protocol, to connect to the run's address, and answers when the run is over. Nodes are spoken to one by one, so that one that
# died does not put the others out of step.

check_cluster <- function(cluster, call = NULL) {
  if (is.null(cluster)) return(NULL)
  good <- inherits(cluster, "cluster") && length(cluster) > 0L &&
    all(vapply(unclass(cluster), function(node) inherits(node$con, "connection"), NA))
  if (!good) {
    abort_input(
      sprintf("CLUSTER must be a socket cluster of package parallel, as makeCluster() makes, not %s", describe(cluster)), call
    )
  }
  cluster
}

# Tells every node to join. Returns the nodes with what became of each: `open` while it works, `said` what it answered.
join_nodes <- function(cluster, address) {
  send <- utils::getFromNamespace("sendCall", "parallel")
  libraries <- c(library_of_memshare(), .libPaths())
  lapply(seq_along(cluster), function(i) {
    said <- tryCatch(
      {
        send(cluster[[i]], node_join, list(address, libraries))
        NULL
      },
      error = conditionMessage
    )
    list(node = cluster[[i]], open = is.null(said), said = said)
  })
}

# Runs on a node: the answer is NULL, or why it could not join. Its environment is base, so that nothing of this session goes
# with it.
node_join <- function(address, libraries) {
  tryCatch(
    {
      loadNamespace("memshare", lib.loc = libraries)
      get("worker_join", envir = asNamespace("memshare"))(address)
      NULL
    },
    error = function(e) conditionMessage(e)
  )
}
environment(node_join) <- baseenv()

# Looks, without waiting, whether nodes answered while the run is still on. When none is left the run cannot go on.
watch_nodes <- function(nodes, call) {
  nodes <- lapply(nodes, function(entry) if (entry$open && answers(entry, 0)) receive(entry) else entry)
  if (!any(vapply(nodes, `[[`, NA, "open"))) {
    said <- unlist(lapply(nodes, `[[`, "said"))
    why <- if (length(said)) paste0(": ", said[[1L]]) else ""
    abort("cluster", paste0("no node of CLUSTER works for this run any more", why), call = call)
  }
  nodes
}

# After the run: every node that still owes its answer gives it, so that the cluster can be used again.
leave_nodes <- function(nodes) {
  for (i in seq_along(nodes)) {
    if (!nodes[[i]]$open) next
    if (answers(nodes[[i]], 30)) {
      receive(nodes[[i]])
    } else {
      text <- sprintf("node %d of CLUSTER does not answer; stop the cluster and make a new one", i)
      warning(memshare_condition("warning", "cluster", text))
    }
  }
  invisible()
}

answers <- function(entry, seconds) {
  tryCatch(socketSelect(list(entry$node$con), FALSE, seconds), error = function(e) TRUE)
}

receive <- function(entry) {
  result <- utils::getFromNamespace("recvResult", "parallel")
  entry$said <- tryCatch(result(entry$node), error = function(e) paste("the node died:", conditionMessage(e)))
  entry$open <- FALSE
  entry
}
