# What travels between a session and the nodes of a memCluster(): messages of package parallel, in which big objects are replaced by references to
# shared memory (shared-objects.R). The methods of parallel's generics are here, and a node's side.

# The next message of a connection. It is waited for before it is read: an interrupt ends a wait, and would be an error within a message.
read_message <- function(connection) {
  while (!socketSelect(list(connection), FALSE, 3600)) NULL
  suppressWarnings(unserialize(connection))
}

# Sends a message to a node.
#' @exportS3Method parallel::sendData memshareNode
sendData.memshareNode <- function(node, data) {
  node <- .subset2(node, 1L)
  whole <- writing <- FALSE
  on.exit({
    # Ctrl-C within a message: the node would wait for the rest.
    if (writing) suspendInterrupts(replace_node(node))
    # The call ends here, so that nobody takes the answers of the nodes that it asked before.
    if (!whole) drop_answers(node$group)
  })
  if (is.null(node$con)) ended_node(node)
  take_late(node)
  message <- pack_message(data)
  node$doing <- data$data$tag
  node$owed <- node$owed + 1L
  node$sent <- c(node$sent, list(message$handles))
  writing <- TRUE
  written <- tryCatch(suppressWarnings(serialize(message, node$con, xdr = FALSE)), error = identity)
  writing <- FALSE
  if (inherits(written, "error")) node_died(node)
  whole <- TRUE
  invisible()
}

# Takes the answers that are nobody's before the node is asked again. It is interrupted once more, for the first time may have been before it began.
take_late <- function(node) {
  while (node$late > 0L) {
    if (socketSelect(list(node$con), FALSE, 0.5)) answer_of(node) else native(ms_node_interrupt(node$pid))
  }
}

ended_node <- function(node) {
  abort("cluster", sprintf("node %d of the cluster has ended, for the cluster was stopped; make another by memCluster()", node$rank), node = node$rank)
}

# Nothing would come.
owes_nothing <- function(node) {
  if (is.null(node$con)) ended_node(node)
  text <- "node %d of the cluster owes no answer: what it was asked was dropped when a call ended early, or its process was replaced; ask it again"
  abort("cluster", sprintf(text, node$rank), node = node$rank)
}

# The answer of a node to the next message that somebody still waits for.
#' @exportS3Method parallel::recvData memshareNode
recvData.memshareNode <- function(node) {
  node <- .subset2(node, 1L)
  if (node$owed <= node$late) owes_nothing(node)
  whole <- FALSE
  on.exit(if (!whole) drop_answers(node$group))
  repeat {
    late <- node$late > 0L
    answer <- answer_of(node)
    if (!late) break
  }
  whole <- TRUE
  answer
}

# The first answer that comes.
#' @exportS3Method parallel::recvOneData memshareCluster
recvOneData.memshareCluster <- function(cl) {
  nodes <- lapply(unclass(cl), .subset2, 1L)
  for (node in nodes) if (is.null(node$con)) ended_node(node)
  if (all(vapply(nodes, function(node) node$owed <= node$late, NA))) owes_nothing(nodes[[1L]])
  whole <- FALSE
  on.exit(if (!whole) drop_answers(nodes[[1L]]$group))
  repeat {
    ready <- which(socketSelect(lapply(nodes, function(node) node$con)))
    for (i in ready) {
      late <- nodes[[i]]$late > 0L
      answer <- answer_of(nodes[[i]])
      if (late) next
      whole <- TRUE
      return(list(node = i, value = answer))
    }
  }
}

# Reads one answer, or what tell_session() sent before it.
answer_of <- function(node) {
  answer <- tryCatch(read_message(node$con), error = function(e) node_died(node))
  if (isTRUE(answer$interim)) return(answer)
  node$owed <- max(node$owed - 1L, 0L)
  node$late <- max(node$late - 1L, 0L)
  answer <- unpack_message(answer)
  sent <- node$sent
  node$sent <- sent[-1L]
  refer(unlist(sent[1L], FALSE), -1)
  answer
}

# What is still owed is nobody's: the call that asked for it has ended, and FUN is interrupted where it is still at it. But where nodes are asked
# by many who do not know of each other.
drop_answers <- function(group) {
  if (isTRUE(group$apart)) return(invisible())
  for (node in group$nodes) {
    node$late <- node$owed
    if (node$owed > 0L) native(ms_node_interrupt(node$pid))
  }
}

# A node whose connection is gone: another takes its place, and the call ends.
node_died <- function(node) {
  task <- node$doing
  how <- how_ended(node)
  replaced <- replace_node(node)
  at <- if (is.null(task)) "" else sprintf(" at task %s", format(task))
  abort("node_died", sprintf("node %d of the cluster died%s: its process %s; %s", node$rank, at, how, replaced), node = node$rank, task = task)
}

# Ends a node, and starts another process in its place; the value says what came of it.
replace_node <- function(node) {
  end_node(node)
  tryCatch({
    start_nodes(list(node), 60, NULL)
    "another process took its place, without what was exported to it"
  }, memshare_error = function(e) paste("no other process could take its place:", conditionMessage(e)))
}

# A connection may be gone a moment before its process.
how_ended <- function(node) {
  until <- elapsed() + 1
  while (is.null(how <- native(ms_node_ended(node$pid))) && elapsed() < until) Sys.sleep(0.01)
  if (is.null(how)) "closed its connection" else how
}

#' @exportS3Method parallel::closeNode memshareNode
closeNode.memshareNode <- function(node) invisible(NULL)

#' @exportS3Method parallel::stopCluster memshareCluster
stopCluster.memshareCluster <- function(cl = NULL) end_nodes(.subset2(unclass(cl)[[1L]], 1L)$group)

# Runs on a node: one message. FALSE when there is none any more. A message without references, of code that writes to the connection
# itself, has an answer without. An interrupt, by which the session ends work that nobody waits for, is one of FUN; each message has its answer.
node_step <- function(connection) {
  message <- tryCatch(read_message(connection), error = function(e) list(type = "DONE"))
  # What the last answer referred to has been opened.
  refer(state$answered, -1)
  state$answered <- NULL
  forget_objects(0)
  plain <- !inherits(message, "memshare_message")
  message <- tryCatch(unpack_message(message), memshare_error = function(e) unpacked_not(e))
  if (message$type == "DONE") return(FALSE)
  if (message$type != "EXEC") return(TRUE)
  # One that came too late for the last.
  ignoring_interrupts(interruptible(Sys.sleep(0)))
  answer <- answer_to(message)
  if (!plain) answer <- pack_message(answer)
  state$answered <- answer$handles
  tryCatch(suppressWarnings(serialize(answer, connection, xdr = FALSE)), error = function(e) NULL)
  TRUE
}

# Sends a condition while FUN still runs. An interrupt would leave half of a message.
tell_session <- function(condition) {
  told <- list(type = "VALUE", value = condition, success = TRUE, interim = TRUE)
  suspendInterrupts(suppressWarnings(serialize(told, state$connection, xdr = FALSE)))
  invisible()
}

# How package future's own back end for clusters sends conditions.
#' @exportS3Method parallel::sendData memshareSession
sendData.memshareSession <- function(node, data) tell_session(data$value)

# What is done in place of a message whose objects cannot be opened: the answer says so.
unpacked_not <- function(error) list(type = "EXEC", data = list(fun = function() stop(error), args = list()))

interruptible <- function(code) {
  native(ms_node_listen(TRUE))
  on.exit(native(ms_node_listen(FALSE)))
  allowInterrupts(code)
}

# As nodes of package parallel answer.
answer_to <- function(message) {
  success <- TRUE
  began <- proc.time()
  failed <- function(said) {
    success <<- FALSE
    structure(said, class = c("snow-try-error", "try-error"))
  }
  value <- tryCatch(
    interruptible(do.call(message$data$fun, message$data$args, quote = TRUE)),
    error = function(e) failed(conditionMessage(e)), interrupt = function(i) failed("the node was interrupted")
  )
  list(type = "VALUE", value = value, success = success, time = proc.time() - began, tag = message$data$tag)
}
