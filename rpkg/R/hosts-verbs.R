# What verbs besides calls do over the hosts of a cluster: variables are given to leaders and released there, and leaders are asked. Nothing waits
# without a limit, and who does not answer is named.

# The hosts of the CLUSTER that a verb was given, or NULL where there are none but this machine.
hosts_given <- function(cluster, seconds, call) {
  check_count(seconds, "host_timeout", 1, call, FALSE, 86400)
  hosts <- hosts_of(check_cluster(cluster, call), seconds, call)
  if (is.null(hosts)) return(NULL)
  left <- living(hosts)
  if (!length(left)) abort("cluster", "no host of CLUSTER is left; stop the cluster and make a new one", call = call)
  left
}

living <- function(hosts) Filter(function(host) length(host$nodes) > 0L, hosts)

# Gives the hosts variables that this session registered, or it is an error that names the host.
give_hosts <- function(namespace, names, hosts, seconds, call) {
  done <- on_hosts <- FALSE
  on.exit(if (!done) suspendInterrupts({
    if (on_hosts) try(release_on_hosts(namespace, names, hosts, 1, call), silent = TRUE)
    unshare_variables(namespace, names)
  }))
  check_unnamed(namespace, names, hosts, call)
  on_hosts <- TRUE
  job <- list2env(list(starts = numeric(), ends = numeric(), common = list(), cuts = list(), contents = list(), bytes = list()), parent = emptyenv())
  keys <- name_key(namespace, names)
  contents <- vapply(names, function(name) add_piece(job, as_piece(read_name(by_name(c(namespace, name))))), "")
  # Nobody asks what it did.
  log <- native(ms_hosts_log_begin())
  on.exit(native(ms_hosts_log_end(log, NULL)), add = TRUE)
  run <- begin_over_hosts(job, list(spec = list(timeout = Inf), host_timeout = seconds), hosts, call, list(log = log))
  on.exit(leave_hosts(run), add = TRUE, after = FALSE)
  for (seat in run$seats) queue_names(seat, run, namespace, names, contents)
  withCallingHandlers(
    converse(run, function(run) !any(vapply(run$seats, owes, NA))),
    memshare_warning_cluster = function(w) {
      text <- sprintf("no variable was registered: %s; stop the cluster and make a new one, or leave that host out", sub(";[^;]*$", "", conditionMessage(w)))
      abort("cluster", text, node = w$node, call = call)
    }
  )
  for (seat in run$seats) seat$host$holds$named[keys] <- contents
  state$on_hosts[keys] <- as.list(contents)
  done <- TRUE
}

# What hosts still have under one of the names, which this session released for itself alone, stays.
check_unnamed <- function(namespace, names, hosts, call) {
  for (host in hosts) {
    taken <- names[name_key(namespace, names) %in% names(host$holds$named)]
    if (!length(taken)) next
    text <- sprintf("variable '%s.%s' was already registered on the host of %s; release it there with releaseVariables(CLUSTER = )", namespace, taken[[1L]], host$label)
    abort("already_registered", text, call = call)
  }
}

owes <- function(seat) seat$alive && (seat$open || length(seat$queue) > 0L)

# What a leader is sent of variables: their data, unless it sees this session's, and then the names.
queue_names <- function(seat, run, namespace, names, contents) {
  for (i in seq_along(names)) {
    content <- contents[[i]]
    if (seat$host$here) seat$host$holds$has[[content]] <- run$number
    queue_data(seat, run, content, run$job$common[[content]], named = TRUE)
    entry <- list(namespace = namespace, name = names[[i]], content = content, here = seat$host$here)
    seat$queue[[length(seat$queue) + 1L]] <- list(name = entry)
  }
}

# Releases variables on hosts. Those of them that a host had.
release_on_hosts <- function(namespace, names, hosts, seconds, call) {
  for (host in hosts) forget_on(host$ids, namespace, names)
  unique(unlist(ask_leaders(hosts, "node_releases", list(namespace, names), seconds, call)))
}

# What the nodes of each host registered; `own`, what this session did.
pages_on <- function(cluster, own, seconds, call) {
  hosts <- hosts_given(cluster, seconds, call)
  if (is.null(hosts)) hosts <- list(list(nodes = unclass(cluster), numbers = seq_along(cluster), here = TRUE))
  pages <- lapply(hosts, function(host) {
    unique(c(if (host$here) own, unlist(ask_each(host$nodes, host$numbers, "pageList", list(), seconds, call))))
  })
  stats::setNames(lapply(pages, as.character), names_of_hosts(hosts))
}

# Has the leader of each host call a function of memshare: what they gave, by host.
ask_leaders <- function(hosts, what, arguments, seconds, call) {
  hosts <- living(hosts)
  nodes <- lapply(hosts, function(host) host$nodes[[1L]])
  values <- ask_each(nodes, vapply(hosts, function(host) host$numbers[[1L]], 0L), what, arguments, seconds, call)
  stats::setNames(values, names_of_hosts(hosts))
}

# The same of nodes. One that does not answer in time is an error that names it.
ask_each <- function(nodes, numbers, what, arguments, seconds, call) {
  answers <- ask_quietly(as_cluster(nodes), what, arguments, seconds)
  for (i in seq_along(answers)) {
    answer <- answers[[i]]
    if (is.null(answer$error) && !answer$died) next
    why <- if (answer$died) sprintf("it died, or gave no answer within %g s", seconds) else answer$error$message
    text <- sprintf("%s cannot be asked: %s; stop the cluster and make a new one, or leave it out", node_label(list(node = nodes[[i]]), numbers[[i]]), why)
    abort("cluster", text, node = numbers[[i]], call = call)
  }
  lapply(answers, `[[`, "value")
}

# What hosts are called in tables.
names_of_hosts <- function(hosts) {
  make.unique(vapply(hosts, function(host) {
    name <- host$nodes[[1L]]$host
    if (is.character(name) && length(name) == 1L) name else sprintf("node %d", host$numbers[[1L]])
  }, ""))
}
