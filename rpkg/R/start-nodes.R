# Starting the nodes of memHosts(): what makes a node connect is parallelly's, the waiting is ours, for that of R has no end.

# Nodes that are started at the same time.
started_together <- 8L

# A node on each of these hosts, in a list; `given` are arguments of makeNodePSOCK(). Where one cannot be started, those that were are ended.
nodes_on <- function(hosts, given, call) {
  free <- free_connections()
  if (length(hosts) + started_together > free) {
    text <- sprintf("%s need a connection of R each, of which %d are free; ask for fewer workers, or start R with --max-connections", count_of(length(hosts), "node"), free)
    abort("cluster", text, call = call)
  }
  nodes <- coming <- list()
  done <- FALSE
  on.exit(if (!done) {
    for (node in coming) try(close(node$server), silent = TRUE)
    stop_nodes(nodes)
  })
  for (from in seq(1L, length.out = ceiling(length(hosts) / started_together), by = started_together)) {
    for (host in hosts[from:min(from + started_together - 1L, length(hosts))]) coming <- c(coming, list(begin_node(host, given, call)))
    while (length(coming)) {
      nodes <- c(nodes, list(await_node(coming[[1L]], call)))
      coming <- coming[-1L]
    }
  }
  done <- TRUE
  nodes
}

as_cluster <- function(nodes) structure(nodes, class = c("SOCKcluster", "cluster"))

# Ends nodes, also those behind one that died or whose connection is closed.
stop_nodes <- function(nodes) {
  for (node in nodes) {
    try(parallel::stopCluster(as_cluster(list(node))), silent = TRUE)
    try(close(node$con), silent = TRUE)
  }
}

# How nodes are started within a job of Slurm where the user says nothing of it: as a step of the job, which needs no ssh and is in the job's control groups.
by_srun <- function(given) {
  if (!nzchar(Sys.getenv("SLURM_JOB_ID")) || !nzchar(Sys.which("srun")) || any(c("rshcmd", "rshopts") %in% names(given))) return(given)
  given$rshcmd <- c("sh", srun_script())
  # A step has no way back but that to the session's address.
  if (is.null(given$revtunnel)) given$revtunnel <- FALSE
  given
}

srun_script <- function() system.file("srun.sh", package = "memshare")

# Has a node start on a host: what it connects to (`server`), until when, and the files with what its command said and how it ended.
begin_node <- function(host, given, call) {
  try <- if (srun_script() %in% given$rshcmd) "srun --overlap --nodelist=%s Rscript --version" else "ssh %s Rscript --version"
  # A password cannot be asked for.
  if (is.null(given$rshcmd) && is.null(given$rshopts)) given$rshopts <- c("-o", "BatchMode=yes")
  port <- parallelly::freePort()
  about <- tryCatch(
    do.call(parallelly::makeNodePSOCK, c(list(host, port = port, action = "options"), given), quote = TRUE),
    error = function(e) cannot_start_on(list(host = host, try = try), conditionMessage(e), call)
  )
  node <- list(host = host, try = try, about = about, deadline = elapsed() + about$connectTimeout, log = tempfile("node-"), ended = tempfile("node-"))
  node$server <- serverSocket(port)
  started <- FALSE
  on.exit(if (!started) close(node$server))
  # R puts it into the background as it would the last command of several.
  system(sprintf("{ (%s) > %s 2>&1 < /dev/null; echo $? > %s; } 2> /dev/null", about$local_cmd, shQuote(node$log), shQuote(node$ended)), wait = FALSE)
  started <- TRUE
  node
}

# The node, once it has connected and answered. On a busy machine R gives up a connection that this side has already, and makes another: the first one
# need not be the node's.
await_node <- function(node, call) {
  made <- NULL
  answered <- FALSE
  on.exit({
    unlink(c(node$log, node$ended))
    if (!answered && !is.null(made)) close(made$con)
  })
  while (!answered) {
    came <- socketSelect(c(list(node$server), if (!is.null(made)) list(made$con)), timeout = 0.2)
    if (length(came) == 2L && came[[2L]]) {
      said <- receive(list(node = made), node$deadline - elapsed())
      answered <- !isTRUE(said$died) && !said$stuck
      if (!answered) made <- given_up(made)
    } else if (came[[1L]]) {
      given_up(made)
      made <- accepted(node)
    } else if (file.exists(node$ended)) {
      cannot_start_on(node, last_words(node$log), call)
    }
    if (!answered && elapsed() > node$deadline) {
      missing <- if (is.null(made)) "connect to this machine" else "answer"
      cannot_start_on(node, sprintf("it did not %s within %g s", missing, node$about$connectTimeout), call)
    }
  }
  close(node$server)
  made
}

# A node of a connection that came, which is asked for a sign of life; NULL where it is closed already.
accepted <- function(node) {
  con <- socketAccept(node$server, blocking = TRUE, open = "a+b", timeout = node$about$timeout, options = "no-delay")
  made <- structure(list(con = con, host = node$host, rank = 1L), class = if (node$about$useXDR) "SOCKnode" else "SOCK0node")
  if (is.null(send_call(made, Sys.getpid, list(), answers_within))) made else given_up(made)
}

# NULL instead of a node whose connection is of no use.
given_up <- function(made) {
  if (!is.null(made)) try(close(made$con), silent = TRUE)
  NULL
}

# `node`: its host, and what the user may `try`.
cannot_start_on <- function(node, why, call) {
  host <- harmless(node$host)
  text <- sprintf("no node could be started on host '%s': %s; see that '%s' works without a password", host, harmless(why), sprintf(node$try, host))
  abort("cluster", text, host = host, call = call)
}

# What a command said at last.
last_words <- function(log) {
  said <- if (file.exists(log)) Filter(nzchar, trimws(readLines(log, warn = FALSE)))
  if (length(said)) paste("its command said:", said[[length(said)]]) else "its command ended at once"
}
