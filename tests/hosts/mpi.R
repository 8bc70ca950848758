# A cluster over MPI (packages snow and Rmpi, Open MPI) on two hosts: values are those of one machine; a rank that is stopped costs its host the call, and
# is of use again when it goes on; a rank that dies ends the job, by MPI's own rule, and nothing is left on any host.
#
# usage: Rscript tests/hosts/mpi.R
local({
  path <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[[1L]])
  source(file.path(dirname(path), "lib.R"), local = globalenv())
})

# The job's first rank: it says in files how far it is.
session <- function(hosts) {
  suppressPackageStartupMessages(library(memshare))
  cluster <- parallel::makeCluster(4, type = "MPI")
  of_leader <- function() parallel::clusterCall(cluster, function() c(Sys.info()[["nodename"]], Sys.getpid()))[[1L]]
  m <- matrix(stats::rnorm(2e5), 100)
  y <- stats::rnorm(100)
  same <- function(f) stopifnot(identical(f(CLUSTER = cluster), f(MAX.CORES = 2)))
  same(function(...) memApply(m, 2, function(v, y) cor(v, y), VARS = list(y = y), ..., CONTROL = memControl(FUN.VALUE = 0)))
  same(function(...) memLapply(1:50, function(i) stats::rnorm(2), ..., CONTROL = memControl(seed = 3)))
  same(function(...) conditionMessage(tryCatch(memLapply(1:50, function(i) if (i == 7) stop("no") else i, ...), error = identity)))
  names <- unique(unlist(memLapply(1:40, function(i) Sys.info()[["nodename"]], CLUSTER = cluster)))
  stopifnot("both hosts work" = setequal(names, c("host1", "host2")))

  # The first element on its host stops the leader, once.
  leader <- of_leader()
  on_host_of_leader <- function(command) host_run(hosts, as.integer(sub("host", "", leader[[1L]])), command)
  stops <- function(i) {
    if (Sys.info()[["nodename"]] == leader[[1L]] && dir.create("/tmp/stopped", FALSE)) tools::pskill(as.integer(leader[[2L]]), tools::SIGSTOP)
    i
  }
  said <- character()
  values <- withCallingHandlers(
    memLapply(1:40, stops, CLUSTER = cluster, CONTROL = memControl(host_timeout = 2)),
    memshare_warning_cluster = function(w) { said <<- c(said, conditionMessage(w)); invokeRestart("muffleWarning") }
  )
  stopifnot(identical(values, as.list(1:40)), any(grepl("was lost: nothing was heard of it for 2 s", said)))
  owing <- error_of(memLapply(1:4, identity, CLUSTER = cluster))
  stopifnot(inherits(owing, "memshare_error_cluster"), grepl("rank 1) is still at an earlier call", conditionMessage(owing)))
  on_host_of_leader(paste("kill -CONT", leader[[2L]]))
  again <- NULL
  stopifnot(soon(function() !inherits(again <<- error_of(memLapply(1:4, identity, CLUSTER = cluster)), "error"), 30))
  on_host_of_leader("rmdir /tmp/stopped")
  names <- unique(unlist(memLapply(1:40, function(i) Sys.info()[["nodename"]], CLUSTER = cluster)))
  stopifnot("both hosts work again" = setequal(names, c("host1", "host2")))
  # Whole as soon as it is there.
  writeLines(leader, file.path(hosts$dir, "leader.part"))
  file.rename(file.path(hosts$dir, "leader.part"), file.path(hosts$dir, "leader"))
  memLapply(1:6000, function(i, x) { Sys.sleep(0.2); i }, VARS = list(x = stats::rnorm(1e6)), CLUSTER = cluster)
}

asked <- commandArgs(TRUE)
if (length(asked) == 1L) {
  session(readRDS(asked[[1L]]))
  quit(status = 1)
}

lacking <- c(if (!nzchar(Sys.which("mpirun"))) "mpirun", Filter(function(name) !nzchar(system.file(package = name)), c("Rmpi", "snow")))
if (length(lacking)) {
  cat(sprintf("skipped: %s is not installed\n", lacking[[1L]]))
  quit(status = 0)
}
before <- list.files("/dev/shm", "^memshare-")
hosts <- hosts_up(2L)
saveRDS(hosts, file.path(hosts$dir, "hosts.rds"))
network <- sub("[0-9]+$", "0/24", hosts$session)
# Also as root; each rank gives way while it waits; hosts look for the agent too, which they do not see.
Sys.setenv(OMPI_ALLOW_RUN_AS_ROOT = "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM = "1", OMPI_MCA_mpi_yield_when_idle = "1", OMPI_MCA_btl = "tcp,self",
  OMPI_MCA_btl_tcp_if_include = network, OMPI_MCA_oob_tcp_if_include = network, OMPI_MCA_plm_rsh_agent = paste("env", file.path(hosts$dir, "rsh")))
said <- function(what) file.path(hosts$dir, what)
places <- paste0(c(hosts$session, hosts$addresses), c(":1", ":2", ":2"), collapse = ",")
job <- parallel::mcparallel(system2(
  "mpirun", c("-np", "1", "--host", places, "-x", "R_LIBS", "-x", "OMPI_MCA_mpi_yield_when_idle", file.path(R.home("bin"), "Rscript"), "--vanilla", shQuote(script), said("hosts.rds")),
  stdout = said("session.log"), stderr = said("session.log")
))
ended <- function() !is.null(parallel::mccollect(job, wait = FALSE, timeout = 0.1))
over <- FALSE
if (!soon(function() file.exists(said("leader")) || (over <<- ended()), 120) || over) {
  log <- paste(tail(readLines(said("session.log")), 40L), collapse = "\n")
  hosts_down(hosts)
  stop("the job did not come so far:\n", log)
}
leader <- readLines(said("leader"))
shared_on <- function(i) length(host_run(hosts, i, "find /dev/shm -type f -size +1c"))
stopifnot("both hosts are at it" = soon(function() all(vapply(1:2, shared_on, 0L) > 0L), 30))
invisible(host_run(hosts, as.integer(sub("host", "", leader[[1L]])), paste("kill -KILL", leader[[2L]])))
left <- function() unlist(lapply(1:2, left_by_killed, hosts = hosts))
clean <- soon(function() ended() && !length(left()), 60)
if (!clean) stop("left behind: ", paste(left(), collapse = ", "))
hosts_down(hosts)
# What the job's first rank left on this machine goes with its workers, which may take a moment.
stopifnot(soon(function() { memshare::memshare_gc(); !length(setdiff(list.files("/dev/shm", "^memshare-"), before)) }))
cat("ok  MPI on two hosts: values; a stopped rank; a dead rank ends the job and leaves nothing on any host\n")
