# memHosts() in a job of a real Slurm: a controller on this machine, and slurmd on two hosts. The nodes are started by srun; values are those of one
# machine; a step has all that the job has on its host; what is cancelled leaves nothing.
#
# usage: Rscript tests/hosts/slurm.R
local({
  path <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[[1L]])
  source(file.path(dirname(path), "lib.R"), local = globalenv())
})

# In the job.
job <- function(hosts, said) {
  suppressPackageStartupMessages(library(memshare))
  cluster <- memHosts(master = hosts$session)
  stopifnot("as many nodes as tasks" = length(cluster) == 4L)
  m <- matrix(stats::rnorm(2e5), 100)
  y <- stats::rnorm(100)
  run <- function(...) memApply(m, 2, function(v, y) cor(v, y), VARS = list(y = y), ..., CONTROL = memControl(FUN.VALUE = 0))
  stopifnot(identical(run(CLUSTER = cluster), run(MAX.CORES = 2)))
  steps <- memLapply(1:40, function(i) c(Sys.info()[["nodename"]], Sys.getenv("SLURM_JOB_ID")), CLUSTER = cluster)
  stopifnot(setequal(vapply(steps, `[[`, "", 1L), c("host1", "host2")), all(vapply(steps, `[[`, "", 2L) == Sys.getenv("SLURM_JOB_ID")))
  cores <- unlist(parallel::clusterCall(cluster, function() parallelly::availableCores()))
  stopifnot("all of the job's processors on the host" = all(cores == 2L))
  file.create(said)
  memLapply(1:6000, function(i, x) { Sys.sleep(0.2); i }, VARS = list(x = stats::rnorm(1e6)), CLUSTER = cluster)
}

asked <- commandArgs(TRUE)
if (length(asked) == 2L) {
  job(readRDS(asked[[1L]]), asked[[2L]])
  quit(status = 1)
}

lacking <- Filter(function(tool) !nzchar(Sys.which(tool)), c("munged", "slurmctld", "slurmd", "salloc", "srun"))
if (length(lacking)) {
  cat(sprintf("skipped: %s is not installed\n", lacking[[1L]]))
  quit(status = 0)
}
hosts <- hosts_up(2L)
# Hosts have a /tmp of their own.
dir <- tempfile("memshare-slurm-", "/var/tmp")
at <- function(...) file.path(dir, ...)
for (made in at(c("", "state", "spool/host1", "spool/host2"))) dir.create(made, FALSE, recursive = TRUE, mode = "0755")
writeBin(as.raw(sample.int(256L, 1024L, TRUE) - 1L), at("key"))
Sys.chmod(at("key"), "0600")
writeLines(c("CgroupPlugin=cgroup/v1", paste0("CgroupMountpoint=", at("cgroup"))), at("cgroup.conf"))
writeLines(c(
  "ClusterName=memshare", sprintf("SlurmctldHost=%s(%s)", Sys.info()[["nodename"]], hosts$session), "SlurmUser=root", "SlurmdUser=root",
  "AuthType=auth/munge", paste0("AuthInfo=socket=", at("munge.sock")), "CredType=cred/munge", paste0("StateSaveLocation=", at("state")),
  paste0("SlurmdSpoolDir=", at("spool", "%n")), paste0("SlurmctldPidFile=", at("slurmctld.pid")), paste0("SlurmdPidFile=", at("slurmd.%n.pid")),
  paste0("SlurmctldLogFile=", at("slurmctld.log")), paste0("SlurmdLogFile=", at("slurmd.%n.log")), "ProctrackType=proctrack/pgid",
  "TaskPlugin=task/none", "JobAcctGatherType=jobacct_gather/none", "SelectType=select/cons_tres", "SelectTypeParameters=CR_CPU", "MpiDefault=none",
  "ReturnToService=2", "KillWait=2", sprintf("NodeName=host%d NodeAddr=%s CPUs=2", 1:2, hosts$addresses), "PartitionName=p Nodes=ALL Default=YES State=UP"
), at("slurm.conf"))
Sys.setenv(SLURM_CONF = at("slurm.conf"))
end <- function() {
  pids <- as.integer(unlist(lapply(Filter(file.exists, at(c("slurmctld.pid", "munge.pid"))), readLines)))
  tools::pskill(pids, tools::SIGTERM)
  hosts_down(hosts)
  # They write as they end.
  soon(function() !any(dir.exists(file.path("/proc", pids))))
  # R leaves sockets.
  system2("rm", c("-rf", shQuote(dir)))
}
problem <- tryCatch({
  for (command in c(
    paste0("munged --force --key-file=", at("key"), " --socket=", at("munge.sock"), " --pid-file=", at("munge.pid"), " --log-file=", at("munge.log"), " --seed-file=", at("munge.seed")),
    "slurmctld"
  )) stopifnot(system(command) == 0L)
  for (i in 1:2) host_run(hosts, i, sprintf("SLURM_CONF=%s slurmd -N host%d", at("slurm.conf"), i))
  stopifnot("both hosts are idle" = soon(function() identical(system("sinfo -h -t idle -o %D", intern = TRUE), "2"), 30))
  saveRDS(hosts, at("hosts.rds"))
  log <- at("job.log")
  salloc <- sprintf("exec salloc -N 2 -n 4 %s --vanilla %s %s %s > %s 2>&1", file.path(R.home("bin"), "Rscript"), shQuote(script), at("hosts.rds"), at("begun"), log)
  submitted <- parallel::mcparallel(system(salloc))
  over <- FALSE
  begun <- soon(function() file.exists(at("begun")) || (over <<- !is.null(parallel::mccollect(submitted, wait = FALSE, timeout = 0.1))), 90)
  if (!begun || over) stop("the job did not come so far:\n", paste(tail(readLines(log), 20L), collapse = "\n"))
  stopifnot(soon(function() all(vapply(1:2, at_work, 0L, hosts = hosts) >= 3L), 30))
  system("scancel --user root")
  left <- function() setdiff(unlist(lapply(1:2, left_by_killed, hosts = hosts)), c("slurmd", "slurmstepd"))
  if (!soon(function() !length(left()), 60)) stop("left behind: ", paste(left(), collapse = ", "))
  NULL
}, error = identity)
end()
if (!is.null(problem)) stop(problem)
invisible(memshare::memshare_gc())
cat("ok  memHosts() in a job of Slurm: values, steps, and nothing left after scancel\n")
