# A cluster over the hosts that a batch system, a file, or the user names: a node for each worker.

#' A cluster over several hosts
#'
#' `memHosts()` starts R processes on other machines and gives a cluster of package parallel, which the verbs of memshare take as `CLUSTER`, as
#' everything else does that takes a cluster. Each host holds data once, however many nodes it has. [parallel::stopCluster()] ends it.
#'
#' Within a job of Slurm, SGE (Open Grid Engine), PBS (Torque), LSF or PJM no argument is needed: the batch system says which hosts there are, and how
#' many workers each may have. Else name them, or give a file of them. A file has a host a line: its name, and how many workers it has as
#' `name:4` or `name slots=4`; what follows `#` is not read.
#'
#' A host that is named several times has so many workers. Of one that is named once, and for which `workers` says nothing, the number is asked:
#' as many as [parallelly::availableCores()] finds there. A host that does not say so within 30 seconds is an error.
#'
#' The processes are started by `ssh` where `rshcmd` says nothing else, as [parallelly::makeNodePSOCK()] does it, and talk to this session through it: what
#' is needed is ssh to the hosts without a password, and memshare in the same version there. Within a job of Slurm they are started by `srun`, as steps
#' of the job, and connect to this machine by its name, or what `master` says.
#'
#' @param hosts `NULL` for the hosts of the batch system's job, or names of hosts, or the path of one file.
#' @param workers `NULL`, or how many workers each host has: one number, or one for each host.
#' @param ... Further arguments of [parallelly::makeNodePSOCK()], as `rshcmd`, `rshopts`, `user`, `master`, `revtunnel`, and `connectTimeout`, the seconds within
#'   which a node must have connected (120).
#' @return A cluster, its nodes host by host. Class `memshare_error_input` where no batch system says anything and `hosts` is not given;
#'   `memshare_error_cluster` with the field `host` where nodes cannot be started on a host, or it does not say how many workers it may have: then those
#'   that were started are ended.
#' @seealso [memLapply()], [memControl()] for `host_timeout`, [memSimulate()] for what more hosts would bring.
#' @examples
#' cluster <- memHosts("localhost", workers = 2)
#' cluster
#' memLapply(1:4, function(i) i^2, CLUSTER = cluster)
#' parallel::stopCluster(cluster)
#' @export
memHosts <- function(hosts = NULL, workers = NULL, ...) {
  call <- sys.call()
  given <- list(...)
  found <- if (is.null(hosts)) hosts_of_job(call) else named_hosts(hosts, call)
  if (is.null(hosts)) given <- by_srun(given)
  count <- workers_of_hosts(found, workers, call)
  # Of each host the first node, which says how many there can be.
  nodes <- nodes_on(found$host, given, call)
  done <- FALSE
  on.exit(if (!done) stop_nodes(nodes))
  unknown <- is.na(count)
  if (any(unknown)) count[unknown] <- cores_of_hosts(nodes[unknown], found$host[unknown], call)
  others <- rep(seq_along(found$host), count - 1L)
  nodes <- c(nodes, nodes_on(found$host[others], given, call))
  done <- TRUE
  as_cluster(nodes[order(c(seq_along(found$host), others))])
}

# The hosts of a batch system's job, each with its number of workers.
hosts_of_job <- function(call) {
  # No host has such a name.
  none <- "(none)"
  names <- tryCatch(
    parallelly::availableWorkers(methods = c("LSF", "PJM", "PBS", "SGE", "Slurm"), default = none, na.rm = TRUE),
    error = function(e) abort_input(sprintf("what the batch system says of its hosts cannot be read (%s); name them in hosts", conditionMessage(e)), call)
  )
  if (none %in% names) {
    abort_input("no batch system (Slurm, SGE, PBS, LSF, PJM) says which hosts there are: name them in hosts, or give the path of a file of them", call)
  }
  found <- counted(names)
  found$known[] <- TRUE
  found
}

# Names as they are given, or as they stand in a file.
named_hosts <- function(hosts, call) {
  if (!is.character(hosts) || !length(hosts) || anyNA(hosts) || !all(nzchar(hosts))) {
    abort_input(sprintf("hosts must be names of hosts, or the path of one file of them, not %s", describe(hosts)), call)
  }
  if (length(hosts) == 1L && file.exists(hosts) && !dir.exists(hosts)) return(hosts_in_file(hosts, call))
  if (any(grepl("[[:space:]/]", hosts))) {
    abort_input(sprintf("hosts: there is no file '%s', and no host can have that name: correct it", harmless(hosts[grepl("[[:space:]/]", hosts)][[1L]])), call)
  }
  counted(hosts)
}

hosts_in_file <- function(path, call) {
  lines <- trimws(sub("#.*", "", readLines(path, warn = FALSE)))
  numbers <- which(nzchar(lines))
  form <- "^([^[:space:]:/]+)(:([0-9]+)|[[:space:]]+slots[[:space:]]*=[[:space:]]*([0-9]+))?$"
  parts <- regmatches(lines[numbers], regexec(form, lines[numbers]))
  bad <- lengths(parts) == 0L
  if (any(bad)) {
    abort_input(
      sprintf("hosts: line %d of '%s' is none of 'name', 'name:4' and 'name slots=4'", numbers[bad][[1L]], harmless(path)), call
    )
  }
  if (!length(parts)) abort_input(sprintf("hosts: the file '%s' names no host", harmless(path)), call)
  names <- vapply(parts, `[[`, "", 2L)
  given <- vapply(parts, function(part) as.numeric(paste0(part[[4L]], part[[5L]])), 0)
  if (any(!is.na(given) & given < 1)) abort_input(sprintf("hosts: '%s' gives a host no worker", harmless(path)), call)
  found <- counted(rep(names, ifelse(is.na(given), 1, given)))
  found$known <- found$known | found$host %in% names[!is.na(given)]
  found
}

# Each host once, with how often it is named; `known` where that is more than once.
counted <- function(names) {
  host <- unique(names)
  count <- tabulate(match(names, host))
  list(host = host, count = count, known = count > 1L)
}

# The workers of each host; NA where its node is to be asked.
workers_of_hosts <- function(found, workers, call) {
  if (is.null(workers)) return(ifelse(found$known, found$count, NA_integer_))
  if (!is.numeric(workers) || !length(workers) %in% c(1L, length(found$host)) || anyNA(workers) || any(workers < 1 | workers != floor(workers))) {
    abort_input(
      sprintf("workers must be one whole number from 1 on, or one for each of the %s, not %s", count_of(length(found$host), "host"), describe(workers)), call
    )
  }
  rep_len(as.integer(workers), length(found$host))
}

# How many workers hosts may have, as a node on each says.
cores_of_hosts <- function(nodes, hosts, call, seconds = answers_within) {
  answers <- ask_quietly(as_cluster(nodes), "available_cores", list(), seconds)
  for (i in seq_along(answers)) {
    answer <- answers[[i]]
    if (!is.null(answer$value)) next
    why <- if (!is.null(answer$error)) answer$error$message else sprintf("its node died, or gave no answer within %g s", seconds)
    text <- sprintf("host '%s' does not say how many workers it may have: %s; see that memshare works there, or give workers", hosts[[i]], why)
    abort("cluster", text, host = hosts[[i]], call = call)
  }
  vapply(answers, function(answer) as.integer(answer$value), 0L)
}
