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

# Tells every node to join.
join_nodes <- function(cluster, address) ask_nodes(cluster, node_join, list(address, c(library_of_memshare(), .libPaths())))

# Has every node call `fun`. Returns the nodes with what became of each: `open` while it works, `said` what it answered, `cannot` why it
# can take no part in runs of this session; `answer`, the answer as it came, and whether it `died`; `stuck`, when it stopped within its answer.
ask_nodes <- function(cluster, fun, arguments, seconds = answers_within) {
  lapply(seq_along(cluster), function(i) {
    said <- send_call(cluster[[i]], fun, arguments, seconds)
    list(node = cluster[[i]], open = is.null(said), said = said, died = !is.null(said))
  })
}

# Has a node call `fun`, within so many seconds: NULL, or why that cannot be. A connection on which a part was sent is of no use to anybody.
send_call <- function(node, fun, arguments, seconds) {
  send <- utils::getFromNamespace("sendCall", "parallel")
  began <- elapsed()
  tryCatch(
    {
      limit_waits(node, seconds, send(node, fun, arguments))
      NULL
    },
    error = function(e) {
      if (elapsed() - began >= whole_limit(seconds)) try(close(node$con), silent = TRUE)
      conditionMessage(e)
    }
  )
}

# Evaluates `code`, in which nobody waits longer for this node's connection; package parallel waits 30 days.
limit_waits <- function(node, seconds, code) {
  before <- tryCatch(socketTimeout(node$con, whole_limit(seconds)), error = function(e) NULL)
  if (!is.null(before)) on.exit(try(socketTimeout(node$con, before), silent = TRUE))
  code
}

# Connections count in whole seconds.
whole_limit <- function(seconds) as.integer(max(1, seconds))

# Runs on a node: the answer is NULL, or why it left the run; in a list when it can take no part in any. Its environment is base, so that
# nothing of this session goes with it.
node_join <- function(address, libraries) {
  loaded <- FALSE
  tryCatch(
    {
      loadNamespace("memshare", lib.loc = libraries)
      join <- get("worker_join", envir = asNamespace("memshare"))
      loaded <- TRUE
      join(address)
      NULL
    },
    error = function(e) {
      said <- conditionMessage(e)
      if (loaded && !inherits(e, "memshare_error_cluster")) said else list(cannot = said)
    }
  )
}
environment(node_join) <- baseenv()

# Seconds that nodes may take to answer after a run, all of them together: the slowest may still be loading memshare.
answers_within <- 30
# The same after Ctrl-C, and for the run's own end: the prompt is back within a second.
at_once <- 0.9

# Looks, without waiting, whether nodes answered while the run is still on. When one cannot take part, or none is left, it cannot go on.
watch_nodes <- function(under_way, run, call) {
  nodes <- under_way$nodes
  for (i in seq_along(nodes)) if (still_owes(nodes[[i]]) && answers(nodes[[i]], 0)) nodes[[i]] <- receive(nodes[[i]])
  under_way$nodes <- nodes
  failed <- tryCatch(
    {
      check_joined(nodes, call)
      if (!any(vapply(nodes, still_owes, NA)) && !isTRUE(native(ms_run_wait(run, 0L), call))) {
        said <- unlist(lapply(nodes, `[[`, "said"))
        why <- if (length(said)) paste0(": ", said[[1L]]) else ""
        abort("cluster", paste0("no node of CLUSTER works for this run any more", why, "; stop the cluster and make a new one"), call = call)
      }
      NULL
    },
    memshare_error = identity
  )
  if (is.null(failed)) return(invisible())
  # The other nodes were not interrupted and may take their time; after Ctrl-C, which may come in here too, nobody waits that long.
  under_way$patience <- answers_within
  stop(failed)
}

# All nodes work for a run, or it is an error: which elements ran where must not depend on which node was quick.
check_joined <- function(nodes, call) {
  for (i in seq_along(nodes)) {
    cannot <- nodes[[i]]$cannot
    if (!is.null(cannot)) abort("cluster", sprintf("%s cannot take part: %s", node_label(nodes[[i]], i), cannot), node = i, call = call)
  }
}

# "node 2 of CLUSTER (host 'n2')".
node_label <- function(entry, i) {
  host <- entry$node$host
  if (is.character(host) && length(host) == 1L) sprintf("node %d of CLUSTER (host '%s')", i, host) else sprintf("node %d of CLUSTER", i)
}

# After a call: every node that still owes its answer gives it, so that the cluster can be used again. All together have so many seconds,
# or less than one from Ctrl-C on. The connection of a node that did not answer by then is closed: its late answer would be taken for the
# value of the user's next call.
leave_nodes <- function(nodes, seconds = answers_within) {
  kept <- new.env(parent = emptyenv())
  kept$nodes <- nodes
  on.exit(suspendInterrupts({
    gather_answers(kept, at_once)
    close_silent(kept$nodes)
  }))
  gather_answers(kept, seconds)
  on.exit(close_silent(kept$nodes))
  kept$nodes
}

# How long the answers are waited for after a run: of a node that the run lost there is none to hope for.
patience_after <- function(out) if (length(out$stats$died$how)) 5 else answers_within

# Takes the answers that come within so many seconds, and those that came while one was waited for. A node that stopped within its answer, or at
# whose answer Ctrl-C came, has no whole one to give.
gather_answers <- function(kept, seconds) {
  deadline <- elapsed() + seconds
  repeat {
    open <- which_open(kept$nodes)
    open <- open[vapply(kept$nodes[open], still_owes, NA)]
    if (!length(open)) return(invisible())
    left <- deadline - elapsed()
    came <- FALSE
    for (i in open) {
      if (!answers(kept$nodes[[i]], 0)) next
      came <- kept$nodes[[i]]$stuck <- TRUE
      kept$nodes[[i]] <- receive(kept$nodes[[i]], left)
    }
    if (!came && left < 0) return(invisible())
    if (!came) answers(kept$nodes[[open[[1L]]]], min(left, 0.02))
  }
}

# Closes the connections of nodes that did not answer, and says which.
close_silent <- function(nodes) {
  for (i in which_open(nodes)) {
    try(close(nodes[[i]]$node$con), silent = TRUE)
    text <- sprintf(
      "%s did not answer in time, and its connection was closed; stop the cluster and make a new one to have all nodes again",
      node_label(nodes[[i]], i)
    )
    warning(memshare_condition("warning", "cluster", text, node = i))
  }
}

# A node that may answer yet: one that stopped within its answer does not.
still_owes <- function(entry) entry$open && !isTRUE(entry$stuck)

which_open <- function(nodes) which(vapply(nodes, `[[`, NA, "open"))

answers <- function(entry, seconds) {
  tryCatch(socketSelect(list(entry$node$con), FALSE, seconds), error = function(e) TRUE)
}

# Takes the answer of a node, of which a part has come. When the rest does not come within so many seconds, the node stays `open` and is `stuck`.
receive <- function(entry, seconds = answers_within) {
  result <- utils::getFromNamespace("recvResult", "parallel")
  began <- elapsed()
  entry$stuck <- FALSE
  said <- tryCatch(limit_waits(entry$node, seconds, result(entry$node)), error = function(e) {
    entry$stuck <<- elapsed() - began >= whole_limit(seconds)
    entry$died <<- !entry$stuck
    paste("the node died:", conditionMessage(e))
  })
  if (entry$stuck) return(entry)
  entry$answer <- said
  entry[c("said", "cannot")] <- if (is.list(said)) list(NULL, said$cannot) else list(said, NULL)
  entry$open <- FALSE
  entry
}
