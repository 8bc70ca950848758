# CLUSTER over several hosts: which nodes are on which. A host is what shares memory: nodes are grouped by the probes, small segments in shared
# memory, that they really see, and not by names, which containers and namespaces share.

# The hosts of a cluster, or NULL where its nodes see this session's shared memory, so that they can be the workers of an ordinary run. A host is
# an environment: its `nodes`, whose first leads, with their `numbers` in CLUSTER and the `ids` of their processes; `label`; `here`, whether it is
# this session's own; `cores`, how many its leader may use; `holds`, what the leader holds; `piece`, the bytes of data that a message may have;
# `rate`, the bytes that reach it in a second.
hosts_of <- function(cluster, seconds, call) {
  if (is.null(cluster) || inherits(cluster, "memshareCluster")) return(NULL)
  ids <- processes_of(cluster, seconds)
  for (known in state$clusters) if (identical(known$ids, ids)) return(known$hosts)
  hosts <- look_for_hosts(cluster, ids, seconds, call)
  state$clusters <- c(utils::tail(state$clusters, 7L), list(list(ids = ids, hosts = hosts)))
  hosts
}

look_for_hosts <- function(cluster, ids, seconds, call) {
  configure_place()
  probe <- paste0("memshare-probe-", random_id())
  share_variables(probe, list(probe = raw(1L)))
  on.exit(unshare_variables(probe, "probe"))
  first <- ask_all(cluster, "node_sees", list(probes = probe), seconds)
  here <- vapply(first, function(entry) isTRUE(entry$value$sees), NA)
  away <- which(!here & !vapply(first, `[[`, NA, "died"))
  # Whoever died is told of by the run.
  if (!length(away)) return(NULL)
  check_joining(first, away, call)
  compare_hosts(first[away])
  piece <- piece_of(cluster)
  labels <- group_nodes(cluster, away, seconds, call)
  tell_left_out(cluster, setdiff(seq_along(cluster), c(which(here), away[!is.na(labels)])), call)
  groups <- c(if (any(here)) list(which(here)), unname(split(away, labels)))
  if (!length(groups)) abort("cluster", "no node of CLUSTER is left; stop the cluster and make a new one", call = call)
  lapply(groups, function(nodes) {
    new_host(cluster, nodes, ids[nodes], list(here = here[[nodes[[1L]]]], cores = first[[nodes[[1L]]]]$value$cores, piece = piece))
  })
}

# The nodes of a CLUSTER that are all on this machine as one host, for what only a run over hosts can take over.
host_here <- function(cluster, seconds, call) {
  if (inherits(cluster, "memshareCluster")) {
    text <- "what hosts did of a run cannot go on on a memCluster(): give memRedo() a CLUSTER of package parallel, on this machine or on others"
    abort("cluster", text, call = call)
  }
  list(new_host(cluster, seq_along(cluster), processes_of(cluster, seconds), list(here = TRUE, cores = available_cores(), piece = piece_of(cluster))))
}

# How many bytes of data a message may have, whatever the node.
piece_of <- function(cluster) min(vapply(unclass(cluster), function(node) if (is_socket(node)) send_at_once(node$con) else piece_bytes, 0))

# What tells the nodes' processes from others for as long as this session lives. Ranks are numbered anew in each cluster, so that processes have to be
# asked.
processes_of <- function(cluster, seconds) {
  ids <- lapply(unclass(cluster), function(node) if (is_socket(node)) attr(node$con, "conn_id"))
  asked <- which(vapply(ids, is.null, NA))
  if (!length(asked)) return(ids)
  ids[asked] <- lapply(ask_all(cluster[asked], "own_id", list(), seconds), function(answer) if (is.null(answer$value)) random_id() else answer$value)
  ids
}

# Runs on a node.
own_id <- function() {
  if (is.null(state$own_id)) state$own_id <- random_id()
  state$own_id
}

# Which of the nodes that are elsewhere share memory: a number each, NA of one that died meanwhile. Each makes a probe, and says which it sees.
group_nodes <- function(cluster, away, seconds, call) {
  if (length(away) == 1L) return(1L)
  id <- random_id()
  probes <- sprintf("memshare-probe-%s-%d", id, seq_along(away))
  made <- ask_all(cluster[away], "node_makes_probe", as.list(probes), seconds, each = TRUE)
  check_joining(made, seq_along(away), call)
  seen <- ask_all(cluster[away], "node_sees", list(probes = probes), seconds)
  # Also where an error follows.
  ask_all(cluster[away], "node_releases_probe", list(), seconds)
  check_joining(seen, seq_along(away), call)
  vapply(seen, function(entry) if (entry$died) NA_integer_ else match(TRUE, entry$value$sees), 0L)
}

new_host <- function(cluster, nodes, ids, about) {
  host <- list2env(about, parent = emptyenv())
  host$nodes <- unclass(cluster)[nodes]
  host$numbers <- nodes
  host$ids <- ids
  host$label <- node_label(list(node = cluster[[nodes[[1L]]]]), nodes[[1L]])
  # Until it is measured.
  host$rate <- 1e8
  host$holds <- held_by(ids[[1L]])
  host
}

# How many workers a host has in a run: its nodes, or as many of the leader's own as memControl(workers_per_host = ) says.
workers_on <- function(host, asked) if (is.null(asked)) length(host$nodes) else as.integer(min(asked, host$cores))

# What a leader holds: `has`, by content the number of the call that used it last; `named`, the contents of variables (hosts-names.R). Another CLUSTER
# with the same node finds the same.
held_by <- function(id) {
  for (known in state$held) if (identical(known$id, id)) return(known)
  holds <- new.env(parent = emptyenv())
  holds$id <- id
  holds$has <- numeric()
  holds$named <- character()
  state$held <- c(utils::tail(state$held, 255L), list(holds))
  holds
}

# Has nodes call a function of memshare, and waits so many seconds at most. Of each: `value`, what it gave, `error`, why not, or that it `died`.
ask_all <- function(cluster, what, arguments, seconds, each = FALSE) {
  libraries <- c(library_of_memshare(), .libPaths())
  asked <- lapply(seq_along(cluster), function(i) {
    given <- if (each) arguments[i] else arguments
    ask_nodes(cluster[i], node_call, list(what, given, libraries), seconds)[[1L]]
  })
  lapply(leave_nodes(asked, seconds), function(entry) {
    answer <- if (is.list(entry$answer)) entry$answer
    list(value = answer$value, error = answer$error, died = isTRUE(entry$died) || isTRUE(entry$open))
  })
}

# The same, where that a node was given up is a part of the caller's error.
ask_quietly <- function(...) withCallingHandlers(ask_all(...), memshare_warning_cluster = function(w) invokeRestart("muffleWarning"))

# Runs on a node. Its environment is base, so that nothing of this session goes with it. `libraries`: where memshare is, if it may not be loaded yet.
node_call <- function(what, arguments, libraries) {
  tryCatch(
    {
      if (!is.null(libraries)) loadNamespace("memshare", lib.loc = libraries)
      list(value = do.call(get(what, envir = asNamespace("memshare")), arguments, quote = TRUE))
    },
    error = function(e) list(error = list(message = conditionMessage(e), class = class(e)))
  )
}
environment(node_call) <- baseenv()

# The same on a node that has memshare loaded: it is sent with each call, and is short.
node_again <- function(what, arguments) get("node_call", envir = asNamespace("memshare"))(what, arguments, NULL)
environment(node_again) <- baseenv()

# What a message has besides data: what is called, grants, names.
beside_pieces <- 2^14
# Less does not bring data forward.
least_piece <- 2^15

# TCP keeps the end of a message of more than 4 kB back for 40 ms, for R writes it in several parts; no more so on this connection. How many bytes of data
# a message may have, so that the connection takes it although nobody reads there.
send_at_once <- function(connection) {
  port <- tryCatch(sub(".*:", "", summary(connection)$description), error = function(e) "")
  if (!grepl("^[0-9]+$", port)) return(piece_bytes)
  room <- native(ms_hosts_send_at_once(as.integer(port), piece_bytes + beside_pieces))[[2L]]
  max(min(piece_bytes, room - beside_pieces), least_piece)
}

# Of this process to the session whose node it is, or NULL where it is none of package parallel.
connection_of_node <- function() {
  for (frame in sys.frames()) {
    master <- get0("master", envir = frame, inherits = FALSE)
    if (is.list(master) && inherits(master$con, "sockconn")) return(master$con)
  }
  NULL
}

# Runs on a node: which probes it sees, what its host is, and how many cores it may use.
node_sees <- function(probes) {
  connection <- connection_of_node()
  if (!is.null(connection)) send_at_once(connection)
  sees <- vapply(probes, function(probe) {
    tryCatch(is.list(metadata(probe, "probe")), memshare_error = function(e) FALSE)
  }, NA, USE.NAMES = FALSE)
  list(sees = sees, about = about_host(), cores = available_cores())
}

# Runs on a node.
node_makes_probe <- function(probe) {
  node_releases_probe()
  share_variables(probe, list(probe = raw(1L)))
  state$probe <- probe
  NULL
}

node_releases_probe <- function() {
  if (!is.null(state$probe)) unshare_variables(state$probe, "probe")
  state$probe <- NULL
}

# What the last bits of results depend on, and what has to be the same.
about_host <- function() {
  flags <- tryCatch(grep("^(flags|Features)", readLines("/proc/cpuinfo"), value = TRUE)[1L], error = function(e) NA, warning = function(w) NA)
  list(
    memshare = as.character(utils::packageVersion("memshare")), R = paste(R.version$major, sub("\\..*", "", R.version$minor), sep = "."),
    "linear algebra" = c(basename(extSoftVersion()[["BLAS"]]), La_version()), processor = if (!is.na(flags)) native(ms_fingerprint(charToRaw(flags)))
  )
}

# Nodes that are elsewhere can take part, or it is an error that says what is lacking.
check_joining <- function(answers, nodes, call) {
  for (i in nodes) {
    answer <- answers[[i]]
    if (!is.null(answer$error)) {
      text <- sprintf(
        "node %d of CLUSTER cannot take part: %s; memshare must be installed where its .libPaths() has it", i, answer$error$message
      )
      abort("cluster", text, node = i, call = call)
    }
    theirs <- answer$value$about$memshare
    ours <- as.character(utils::packageVersion("memshare"))
    if (!is.null(theirs) && !identical(theirs, ours)) {
      text <- sprintf("node %d of CLUSTER has memshare %s, and this session has %s; install the same version there", i, theirs, ours)
      abort("cluster", text, node = i, call = call)
    }
  }
}

# Nodes that were left, because they did not answer, were told of then.
tell_left_out <- function(cluster, nodes, call) {
  for (i in nodes) {
    if (is_left(cluster[[i]])) next
    text <- sprintf("%s died, and is left out", node_label(list(node = cluster[[i]]), i))
    warning(memshare_condition("warning", "cluster", text, node = i, call = call))
  }
}

# Says once what may make the last bits of results differ.
compare_hosts <- function(answers) {
  ours <- about_host()
  same <- function(what) all(vapply(answers, function(answer) identical(answer$value$about[[what]], ours[[what]]), NA))
  differ <- Filter(function(what) !same(what), setdiff(names(ours), "memshare"))
  if (!length(differ) || option_quiet() || isTRUE(state$told_hosts)) return(invisible())
  state$told_hosts <- TRUE
  text <- sprintf("hosts of CLUSTER differ from this one in %s: the last bits of results may differ\n", paste(differ, collapse = ", "))
  message(memshare_condition("message", "hosts", text))
}
