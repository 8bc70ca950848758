# The processes of a memCluster(): started, proven, ended.

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
      text <- "%d of %d nodes did not start within %.0f s: the machine is busy, or R starts slowly here; ask for fewer, or try again"
      abort("cluster", sprintf(text, length(waiting), length(nodes), timeout), call = call)
    }
    before <- own_sockets()
    for (node in nodes[waiting]) if (!is.null(ended <- native(ms_node_ended(node$pid)))) not_started(node, ended, call)
    connection <- tryCatch(suppressWarnings(socketAccept(server$socket, blocking = TRUE, open = "a+b", timeout = 1)), error = function(e) NULL)
    if (is.null(connection)) next
    at <- if (from_same_user(before, call)) match(secret_of(connection), secrets[waiting]) else NA
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

log_of_node <- function(rank) file.path(worker_directory(), sprintf("node-%d.log", rank))

not_started <- function(node, ended, call) {
  said <- tryCatch(utils::tail(readLines(log_of_node(node$rank), warn = FALSE), 3L), error = function(e) character())
  why <- if (length(said)) paste0(": ", paste(harmless(said), collapse = "; ")) else ""
  abort("cluster", sprintf("node %d did not start: its process %s%s", node$rank, ended, why), node = node$rank, call = call)
}

# A socket of this machine alone would be better, but R listens on all addresses; so whoever connects must know the secret.
listening_socket <- function(call) {
  for (try in 1:50) {
    port <- 11000L + strtoi(substr(random_id(), 1L, 4L), 16L) %% 20000L
    socket <- tryCatch(suppressWarnings(serverSocket(port)), error = function(e) NULL)
    if (!is.null(socket)) return(list(socket = socket, port = port))
  }
  text <- "no port could be opened for the nodes of the cluster: 50 from 11000 to 31000 were tried; see with ss -ltn what has them"
  abort("cluster", text, call = call)
}

# The sockets of this process, by the kernel's numbers.
own_sockets <- function() {
  links <- Sys.readlink(list.files("/proc/self/fd", full.names = TRUE))
  gsub("[^0-9]", "", grep("^socket:", links, value = TRUE))
}

# Whether the other end of the connection that came since `before` is a process of the same user on this machine. R does not say who connected.
# The kernel's table of connections does; it has no other end of one that comes from elsewhere, or is closed. A table that changes while it is read
# may lack a line, so it is read again.
from_same_user <- function(before, call) {
  came <- setdiff(own_sockets(), before)
  for (look in 1:20) {
    ends <- tcp_ends(call)
    ours <- unique(ends[ends$inode %in% came, ])
    theirs <- ends[ends$near %in% ours$far & ends$far %in% ours$near, ]
    if (nrow(ours) == 1L && nrow(theirs)) return(all(theirs$uid == ours$uid))
    Sys.sleep(0.01)
  }
  FALSE
}

# Both addresses, the user and the kernel's number of each connection of this machine.
tcp_ends <- function(call) {
  lines <- tryCatch(readLines("/proc/self/net/tcp"), error = function(e) {
    abort("cluster", "who connects as a node of the cluster cannot be told: /proc/self/net/tcp cannot be read here; mount /proc", call = call)
  })
  rows <- strsplit(trimws(lines[-1L]), " +")
  column <- function(at) vapply(rows, `[[`, "", at)
  data.frame(near = column(2L), far = column(3L), uid = column(8L), inode = column(10L))
}

# What a process that connects says first; "" when it says nothing within some seconds.
secret_of <- function(connection) {
  tryCatch(
    {
      # A signal ends a wait early.
      until <- elapsed() + 10
      while (!socketSelect(list(connection), FALSE, max(until - elapsed(), 0))) if (elapsed() >= until) return("")
      rawToChar(readBin(connection, "raw", 32L))
    },
    error = function(e) ""
  )
}

# The secret is in a file that only the node's process has: it is removed at once. The process id.
launch_node <- function(port, rank, secret) {
  file <- tempfile("node-", worker_directory())
  mask <- Sys.umask("077")
  on.exit({
    Sys.umask(mask)
    unlink(file)
  })
  cat(secret, "\n", sep = "", file = file)
  # R's heap begins with room for garbage that loading packages fills and that is not given back; a smaller one saves each node some 9 MB.
  heap <- c("--min-nsize=100000", "--min-vsize=2M")
  arguments <- c("--no-echo", "--no-restore", "--no-save", heap, "-e", sprintf("memshare:::node_main(%d)", port))
  native(ms_node_launch(r_of_workers(), arguments, libraries_of_workers(), option_threads(), c(log_of_node(rank), file)))
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
