# A run over three hosts of two nodes each, in which something goes wrong: the value is right, nothing hangs, and nothing is left on any host.
#
# usage: Rscript tests/hosts/faults.R [RUNS [SEED]]     each fault once, or so many runs with faults drawn by a seed, at any time
#        Rscript tests/hosts/faults.R FAULT           this one
suppressPackageStartupMessages(library(memshare))
local({
  path <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[[1L]])
  source(file.path(dirname(path), "lib.R"), local = globalenv())
})

# The leader is the first node of its host, and so the first R there.
leader_of <- function(hosts, i) host_run(hosts, i, "pgrep -o -x R")
signal <- function(hosts, i, what, name) host_run(hosts, i, sprintf("kill -%s %s", name, what))

# Each fault happens while host `i` is at work, but for the last: then nothing is known of the nodes yet.
cut_link <- function(hosts, i) hosts_sh("cut", i, hosts$dir)
faults <- list(
  "a host is killed" = function(hosts, i) hosts_sh("kill", i, hosts$dir),
  "a leader is killed" = function(hosts, i) signal(hosts, i, leader_of(hosts, i), "KILL"),
  "a worker is killed" = function(hosts, i) host_run(hosts, i, "kill -9 $(pgrep -n -f [w]orker_main)"),
  "a host is stopped" = function(hosts, i) host_run(hosts, i, "kill -STOP $(pgrep -f '[w]orkRSOCK|[w]orker_main')"),
  "a host's link is cut" = cut_link,
  "a link is cut while data is sent" = cut_link,
  "a link was cut before" = cut_link
)
side <- stats::rnorm(2e5)
# Takes some seconds to be sent.
much <- stats::rnorm(4e7)
expected <- NULL
anytime <- FALSE

# One run with a fault, on hosts of its own. Stops at what is wrong.
try_fault <- function(name, i, n = 240L) {
  # Not in the process that causes the fault, whose random numbers are others.
  force(i)
  hosts <- hosts_up(3L)
  cluster <- NULL
  on.exit({
    if (!is.null(cluster)) for (node in cluster) try(close(node$con), silent = TRUE)
    hosts_down(hosts)
  })
  cluster <- nodes_on(hosts, 2L)
  fun <- function(v, side, ...) {
    Sys.sleep(0.05)
    if (v %% 30 == 0) warning("thirty")
    v + side[[v]] + rnorm(1)
  }
  sent <- name == "a link is cut while data is sent"
  data <- c(list(side = side), if (sent) list(much = much))
  # Where there is much to be stored a busy machine says nothing for longer.
  limit <- if (sent) 10 else 3
  call <- function(...) memLapply(seq_len(n), fun, VARS = data, ..., CONTROL = memControl(seed = 11, host_timeout = limit))
  # The fault comes from another process: some time after the workers are there, or at any time.
  delay <- stats::runif(1, 0.1, 1.5)
  before <- name == "a link was cut before"
  if (before) faults[[name]](hosts, i)
  faulty <- if (!before) parallel::mcparallel({
    if (name == "a worker is killed" || !anytime && !sent) soon(function() length(host_run(hosts, i, "pgrep -f '[w]orker_main'")) >= 4L, 20)
    Sys.sleep(delay)
    faults[[name]](hosts, i)
  })
  lost <- character()
  said <- character()
  took <- system.time(value <- withCallingHandlers(
    call(CLUSTER = cluster),
    memshare_warning_cluster = function(w) { lost <<- c(lost, conditionMessage(w)); invokeRestart("muffleWarning") },
    warning = function(w) { said <<- c(said, conditionMessage(w)); invokeRestart("muffleWarning") }
  ))[["elapsed"]]
  if (!before) invisible(parallel::mccollect(faulty))
  if (is.null(expected)) expected <<- suppressWarnings(call(MAX.CORES = 2))
  stopifnot("the value is that of one machine" = identical(value, expected), "each warning came once" = length(said) == n / 30, "it ended in time" = took < 50 + 3 * limit)
  if (!anytime && name != "a worker is killed") stopifnot("the loss is told" = length(lost) %in% 1:2)
  # What is left of the cluster works on: the nodes of the other hosts.
  alive <- unclass(cluster)[vapply(unclass(cluster), function(node) is_open(node$con), NA)]
  if (length(alive) < 4L) stop(sprintf("%d nodes are left after '%s' on host %d: %s", length(alive), name, i, paste(lost, collapse = "; ")))
  alive <- structure(alive, class = c("SOCKcluster", "cluster"))
  again <- suppressWarnings(call(CLUSTER = alive), classes = "memshare_warning_cluster")
  stopifnot(identical(suppressWarnings(again), expected))
  for (node in cluster) try(close(node$con), silent = TRUE)
  cluster <- NULL
  if (identical(faults[[name]], cut_link)) {
    # The leader ends by itself; a node that was at nothing learns of the end when the link is there again.
    stopifnot("a leader that hears nothing ends" = soon(function() !length(host_run(hosts, i, "pgrep -f '[w]orker_main'"))))
    hosts_sh("mend", i, hosts$dir)
  }
  if (name == "a host is stopped") try(host_run(hosts, i, "kill -CONT $(pgrep -f '[w]orkRSOCK|[w]orker_main')"), silent = TRUE)
  places <- if (name == "a host is killed") setdiff(1:3, i) else 1:3
  # The temporary directory of an R that was killed is R's own matter.
  left <- function() {
    all <- unlist(lapply(places, function(j) left_on(hosts, j)))
    if (name == "a leader is killed") all[!grepl("^Rtmp", all)] else all
  }
  if (!soon(function() !length(left()), 60)) stop(name, ", host ", i, ": left behind: ", paste(left(), collapse = ", "))
  cat(sprintf("ok  %-22s host %d, %.1f s%s\n", name, i, took, if (length(lost)) paste0(": ", lost[[1L]]) else ""))
}

is_open <- function(connection) tryCatch(isOpen(connection), error = function(e) FALSE)

asked <- commandArgs(TRUE)
if (length(asked) && asked[[1L]] %in% names(faults)) {
  try_fault(asked[[1L]], 2L)
} else if (length(asked)) {
  anytime <- TRUE
  set.seed(as.integer(c(asked, 1L)[[2L]]))
  for (nth in seq_len(as.integer(asked[[1L]]))) try_fault(sample(names(faults), 1L), sample.int(3L, 1L))
} else {
  for (name in names(faults)) try_fault(name, 2L)
}
