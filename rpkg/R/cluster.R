# CLUSTER: nodes on this machine join a run as its workers. Each node is told, by parallel's own
# protocol (transport.R), to connect to the run's address, and answers when the run is over. Nodes are spoken to one by one, so that one that
# died does not put the others out of step.

check_cluster <- function(cluster, call = NULL) {
  if (is.null(cluster)) return(NULL)
  nodes <- if (inherits(cluster, "cluster")) unclass(cluster)
  if (inherits(cluster, "memshareCluster") && is.null(nodes[[1L]]$con)) {
    abort_input("CLUSTER is a memCluster() that was stopped; make another by memCluster()", call)
  }
  good <- length(nodes) > 0L && all(vapply(nodes, function(node) is_socket(node) || is_mpi(node), NA))
  if (!good) {
    abort_input(
      sprintf("CLUSTER must be a cluster of package parallel over sockets or MPI, as makeCluster() makes, not %s", describe(cluster)), call
    )
  }
  take_late_answers(nodes, call)
  cluster
}

# Takes the late answers of ranks that were left. One that does not come to what it is asked now is an error. (It may be another process: ranks are numbered
# anew in each cluster.)
take_late_answers <- function(cluster, call) {
  for (i in seq_along(cluster)) {
    node <- cluster[[i]]
    if (!is_owing(node)) next
    if (!is_in_step(node)) {
      text <- sprintf("node %d of CLUSTER (rank %d) is still at an earlier call, which was left; wait, or stop the cluster and make a new one", i, node$rank)
      abort("cluster", text, node = i, call = call)
    }
    state$owing <- setdiff(state$owing, rank_of(node))
  }
}

is_in_step <- function(node) {
  word <- random_id()
  until <- elapsed() + at_once
  if (inherits(try(post_call(node, node_says, list(word), at_once), silent = TRUE), "try-error")) return(FALSE)
  while (heard_from(list(node), max(until - elapsed(), 0))) {
    if (identical(receive(list(node = node))$answer, word)) return(TRUE)
  }
  FALSE
}

# Runs on a node.
node_says <- function(word) word
environment(node_says) <- baseenv()

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
  if (is_owing(node)) return("it is still at an earlier call")
  began <- elapsed()
  tryCatch(
    {
      post_call(node, fun, arguments, seconds)
      NULL
    },
    error = function(e) {
      if (elapsed() - began >= whole_limit(seconds)) leave_node(node)
      conditionMessage(e)
    }
  )
}

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
# or less than one from Ctrl-C on. A node that did not answer by then is left: its late answer would be taken for the
# value of the user's next call.
leave_nodes <- function(nodes, seconds = answers_within) {
  kept <- new.env(parent = emptyenv())
  kept$nodes <- nodes
  on.exit(suspendInterrupts({
    gather_answers(kept, at_once)
    leave_silent(kept$nodes)
  }))
  gather_answers(kept, seconds)
  on.exit(leave_silent(kept$nodes))
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

# Leaves nodes that did not answer, and says which.
leave_silent <- function(nodes) {
  for (i in which_open(nodes)) {
    text <- sprintf("%s did not answer in time: %s", node_label(nodes[[i]], i), leave_node(nodes[[i]]$node))
    warning(memshare_condition("warning", "cluster", text, node = i))
  }
}

# A node that may answer yet: one that stopped within its answer does not.
still_owes <- function(entry) entry$open && !isTRUE(entry$stuck)

which_open <- function(nodes) which(vapply(nodes, `[[`, NA, "open"))

answers <- function(entry, seconds) heard_from(list(entry$node), seconds)

# Takes the answer of a node, of which a part has come. When the rest does not come within so many seconds, the node stays `open` and is `stuck`.
receive <- function(entry, seconds = answers_within) {
  result <- asNamespace("parallel")$recvResult
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
