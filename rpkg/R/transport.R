# What connects this session with a node of CLUSTER: a socket (parallel's own clusters), or MPI (package snow's, over Rmpi). Messages go by
# parallel's generics, which know both; here is what these do not have: whether an answer is there, limits, and an end.

is_socket <- function(node) inherits(node$con, "connection")

is_mpi <- function(node) inherits(node, "MPInode")

# Which of some nodes have something to be read, of which a connection may also be closed; waited for until one has, so many seconds at most.
heard_from <- function(nodes, seconds) {
  if (all(vapply(nodes, is_socket, NA))) {
    ready <- tryCatch(socketSelect(lapply(nodes, `[[`, "con"), FALSE, seconds), error = function(e) NULL)
    if (!is.null(ready)) return(ready)
  }
  until <- elapsed() + seconds
  repeat {
    ready <- vapply(nodes, is_heard, NA)
    if (any(ready) || elapsed() >= until) return(ready)
    # MPI has nothing that could be waited for.
    Sys.sleep(0.001)
  }
}

is_heard <- function(node) {
  if (is_mpi(node)) return(has_message(node))
  tryCatch(socketSelect(list(node$con), FALSE, 0), error = function(e) TRUE)
}

# MPI moves its messages while it is asked, and tells of one the next time.
has_message <- function(node) {
  probe <- asNamespace("Rmpi")$mpi.iprobe
  isTRUE(probe(node$rank, node$RECVTAG, node$comm)) || isTRUE(probe(node$rank, node$RECVTAG, node$comm))
}

# Has a node call `fun`: an error where it does not take all of the message within so many seconds.
post_call <- function(node, fun, arguments, seconds) {
  send <- asNamespace("parallel")$sendCall
  if (is_mpi(node)) return(send(structure(c(unclass(node), seconds = seconds), class = "memshareRank"), fun, arguments))
  limit_waits(node, seconds, send(node, fun, arguments))
}

# What Rmpi sends a rank by waits without a limit, and collects R's garbage each time, which takes longer than the message.
#' @exportS3Method parallel::sendData memshareRank
sendData.memshareRank <- function(node, data) {
  rmpi <- asNamespace("Rmpi")
  # The bytes must stay until they are sent.
  sending <- list(bytes = serialize(data, NULL), request = free_request(rmpi))
  rmpi$mpi.isend(sending$bytes, 4L, node$rank, node$SENDTAG, node$comm, sending$request)
  until <- elapsed() + node$seconds
  while (!rmpi$mpi.test(sending$request)) {
    if (elapsed() >= until) {
      state$sending <- c(state$sending, list(sending))
      stop(sprintf("rank %d did not take a message within %g s", node$rank, node$seconds), call. = FALSE)
    }
    Sys.sleep(0.0005)
  }
}

# The number of a request that nothing is sent by; those of messages that were given up may still go.
free_request <- function(rmpi) {
  state$sending <- Filter(function(sending) !rmpi$mpi.test(sending$request), state$sending)
  taken <- vapply(state$sending, `[[`, 0, "request")
  last <- rmpi$mpi.request.maxsize() - 1
  max(setdiff(seq(max(last - length(taken), 0), last), taken))
}

# Evaluates `code`, in which nobody waits longer for this node's connection; package parallel waits 30 days. What a rank of MPI is read from is there
# already, and one that dies ends the job.
limit_waits <- function(node, seconds, code) {
  if (!is_socket(node)) return(code)
  before <- socketTimeout(node$con, whole_limit(seconds))
  on.exit(try(socketTimeout(node$con, before), silent = TRUE))
  code
}

# Connections count in whole seconds.
whole_limit <- function(seconds) as.integer(max(1, seconds))

# A node whose answer nobody waits for any more, which would be taken for that of the user's next call: its connection is closed. Of a rank of MPI it is
# remembered that it owes one: CLUSTER can be used again when that has come. The value says so.
leave_node <- function(node) {
  if (is_socket(node)) {
    try(close(node$con), silent = TRUE)
    return("its connection was closed; stop the cluster and make a new one to have all nodes again")
  }
  state$owing <- union(state$owing, rank_of(node))
  # Its host may take part again.
  state$clusters <- NULL
  "CLUSTER can be used again when it has"
}

rank_of <- function(node) paste(node$comm, node$rank)

is_owing <- function(node) is_mpi(node) && rank_of(node) %in% state$owing

# Whether it was left already.
is_left <- function(node) is_owing(node) || is_socket(node) && inherits(try(isOpen(node$con), silent = TRUE), "try-error")
