# memHosts(): which hosts there are, and how many nodes each has. Hosts with a shared memory of their own are in tests/hosts.

nodes_of <- function(...) {
  cluster <- memHosts(...)
  withr::defer(parallel::stopCluster(cluster))
  expect_s3_class(cluster, "cluster")
  expect_identical(memLapply(1:4, function(i) i^2, CLUSTER = cluster), as.list((1:4)^2))
  length(cluster)
}

test_that("hosts are named, as often as they have workers", {
  skip_on_cran()
  expect_identical(nodes_of(c("localhost", "localhost")), 2L)
  expect_identical(nodes_of("localhost", workers = 1), 1L)
  withr::local_envvar(R_PARALLELLY_AVAILABLECORES_FALLBACK = NA, MC_CORES = NA, SLURM_CPUS_PER_TASK = NA, OMP_NUM_THREADS = NA)
  withr::local_envvar(R_PARALLELLY_AVAILABLECORES_SYSTEM = "3")
  expect_identical(nodes_of("localhost"), as.integer(parallelly::availableCores()))
})

test_that("a file names hosts and their workers", {
  skip_on_cran()
  file <- withr::local_tempfile(lines = c("# the hosts", "", "localhost slots = 2  # this one"))
  expect_identical(nodes_of(file), 2L)
  found <- hosts_in_file(withr::local_tempfile(lines = c("a:3", "b", "a", "c slots=2", "node-1.cluster:1")), NULL)
  expect_identical(found, list(host = c("a", "b", "c", "node-1.cluster"), count = c(4L, 1L, 2L, 1L), known = c(TRUE, FALSE, TRUE, TRUE)))
  refused <- function(lines, text) expect_error(memHosts(withr::local_tempfile(lines = lines)), text, class = "memshare_error_input")
  refused(c("a", "b c"), "line 2 of .* is none of")
  refused("a:0", "gives a host no worker")
  refused("# none", "names no host")
  expect_error(memControl(workers_per_host = 0), "workers_per_host must be one whole number", class = "memshare_error_input")
})

test_that("a batch system's job says which hosts there are", {
  skip_on_cran()
  slurm <- c(SLURM_JOB_ID = "1", SLURM_JOB_NODELIST = "n[1-2]", SLURM_TASKS_PER_NODE = "2(x2)", SLURM_JOB_CPUS_PER_NODE = "2(x2)")
  withr::with_envvar(slurm, expect_identical(hosts_of_job(NULL), list(host = c("n1", "n2"), count = c(2L, 2L), known = c(TRUE, TRUE))))
  nodes <- withr::local_tempfile(lines = rep("localhost", 2))
  pbs <- c(PBS_JOBID = "1", PBS_NODEFILE = nodes, PBS_NP = "2", PBS_NUM_NODES = "1", PBS_NUM_PPN = "2", PBS_ENVIRONMENT = "PBS_BATCH")
  withr::with_envvar(pbs, expect_identical(nodes_of(), 2L))
  expect_error(memHosts(), "no batch system .* says which hosts there are", class = "memshare_error_input")
})

test_that("in a job of Slurm nodes are steps that srun starts", {
  skip_on_cran()
  dir <- withr::local_tempdir()
  # It says what it was asked, and runs the step here.
  writeLines(c("#!/bin/sh", sprintf("echo \"$*\" >> %s/asked", dir), "export SLURM_CPUS_ON_NODE=3", "while [ \"$1\" != sh ]; do shift; done", "exec \"$@\""), file.path(dir, "srun"))
  Sys.chmod(file.path(dir, "srun"), "0700")
  withr::local_envvar(
    PATH = paste(dir, Sys.getenv("PATH"), sep = ":"), SLURM_JOB_ID = "1", SLURM_JOB_NODELIST = "n[1-2]", SLURM_TASKS_PER_NODE = "1,2",
    SLURM_JOB_CPUS_PER_NODE = "1,2"
  )
  cluster <- memHosts(workers = 1, master = "127.0.0.1")
  expect_identical(unlist(parallel::clusterCall(cluster, function() Sys.getenv("SLURM_CPUS_PER_TASK"))), c("3", "3"))
  expect_identical(memLapply(1:4, function(i) i^2, CLUSTER = cluster), as.list((1:4)^2))
  parallel::stopCluster(cluster)
  asked <- readLines(file.path(dir, "asked"))
  expect_match(asked, "^--overlap --nodes=1 --ntasks=1 --nodelist=n[12] sh -c ")
  expect_length(asked, 2L)
  writeLines(c("#!/bin/sh", "echo no such partition >&2", "exit 1"), file.path(dir, "srun"))
  expect_error(
    memHosts(workers = 1, master = "127.0.0.1"), "on host 'n1': its command said: no such partition; see that 'srun --overlap --nodelist=n1 Rscript --version' works",
    class = "memshare_error_cluster"
  )
  expect_error(memHosts(workers = 1, rshcmd = "false"), "see that 'ssh n1 Rscript --version' works", class = "memshare_error_cluster")
})

test_that("what is no host is refused, and what cannot be reached is named", {
  expect_error(memHosts(3), "hosts must be names of hosts", class = "memshare_error_input")
  expect_error(memHosts("no/such file"), "there is no file 'no/such file'", class = "memshare_error_input")
  expect_error(memHosts(c("a", "b"), workers = 1:3), "one for each of the 2 hosts", class = "memshare_error_input")
  expect_error(memHosts("a", workers = 0), class = "memshare_error_input")
  before <- nrow(showConnections())
  e <- expect_error(
    memHosts(c("localhost", "nowhere.invalid"), workers = 1, rshcmd = "false"),
    "no node could be started on host 'nowhere.invalid': its command ended at once", class = "memshare_error_cluster"
  )
  expect_identical(e$host, "nowhere.invalid")
  expect_identical(nrow(showConnections()), before)
  slow <- withr::local_tempfile(lines = c("#!/bin/sh", "sleep 3"))
  Sys.chmod(slow, "0700")
  expect_error(memHosts("nowhere.invalid", rshcmd = slow, connectTimeout = 1), "it did not connect to this machine within 1 s", class = "memshare_error_cluster")
  expect_error(memHosts("localhost", workers = 1000), "of which .* are free", class = "memshare_error_cluster")
})

test_that("a connection that was given up is not taken for the node's", {
  skip_on_cran()
  # As R on a busy machine: it connects, gives that up, and connects again.
  twice <- withr::local_tempfile(lines = c(
    "#!/bin/bash", "shift", "port=$(printf '%s' \"$*\" | sed -n 's/.*PORT=\\([0-9]*\\).*/\\1/p')", "exec 3<>/dev/tcp/127.0.0.1/$port; exec 3>&-", "eval \"$*\""
  ))
  Sys.chmod(twice, "0700")
  start <- function(...) memHosts("elsewhere.invalid", workers = 1, rshopts = character(), master = "127.0.0.1", revtunnel = FALSE, ...)
  cluster <- start(rshcmd = twice)
  expect_identical(parallel::clusterCall(cluster, function() 1), list(1))
  expect_identical(memLapply(1:4, function(i) i^2, CLUSTER = cluster), as.list((1:4)^2))
  parallel::stopCluster(cluster)
  silent <- withr::local_tempfile(lines = sub("^eval.*", "sleep 5", readLines(twice)))
  Sys.chmod(silent, "0700")
  before <- nrow(showConnections())
  expect_error(
    start(rshcmd = silent, connectTimeout = 1),
    "it did not connect to this machine within 1 s", class = "memshare_error_cluster"
  )
  expect_identical(nrow(showConnections()), before)
})

test_that("a host that does not say how many workers it may have is named, in bounded time, and no node is left", {
  skip_on_cran()
  before <- nrow(showConnections())
  startup <- function(code) sprintf("setHook(packageEvent('memshare', 'onLoad'), function(...) %s)", code)
  e <- expect_error(
    memHosts("localhost", rscript_startup = startup("quit('no')")), "host 'localhost' does not say how many workers it may have: its node died",
    class = "memshare_error_cluster"
  )
  expect_identical(e$host, "localhost")
  silent <- memHosts("localhost", workers = 2, rscript_startup = startup("Sys.sleep(8)"))
  expect_warning(
    expect_error(cores_of_hosts(silent[1L], "localhost", NULL, 1), "gave no answer within 1 s", class = "memshare_error_cluster"), regexp = NA
  )
  stop_nodes(silent)
  expect_identical(nrow(showConnections()), before)
})

test_that("the verbs over hosts take nodes of this machine, which need nothing sent", {
  skip_on_cran()
  cluster <- parallel::makePSOCKcluster(2)
  withr::defer(parallel::stopCluster(cluster))
  registerVariables("verbs", list(m = matrix(1:6, 2)), CLUSTER = cluster)
  withr::defer(memshare_gc("verbs"))
  expect_identical(memApply("m", 2, sum, NAMESPACE = "verbs", CLUSTER = cluster), list(3L, 7L, 11L))
  parallel::clusterCall(cluster[2L], function() memshare::registerVariables("theirs", list(a = 1)))
  expect_identical(pageList(CLUSTER = cluster), list(localhost = c("verbs.m", "theirs.a")))
  expect_s3_class(memTop(once = TRUE, CLUSTER = cluster), "memshare_top")
  memshare_gc("theirs", cluster)
  releaseVariables("verbs", "m", CLUSTER = cluster)
  expect_identical(pageList(CLUSTER = cluster), list(localhost = character()))
  died <- cluster[1L]
  try(parallel::clusterCall(died, function() quit("no")), silent = TRUE)
  e <- expect_error(pageList(CLUSTER = cluster), "node 1 of CLUSTER .*cannot be asked: it died", class = "memshare_error_cluster")
  expect_identical(e$node, 1L)
  cluster <- cluster[2L]
})

test_that("the verbs over hosts say what they take", {
  expect_error(registerVariables("verbs", list(a = 1), CLUSTER = 3), "must be a cluster of package parallel", class = "memshare_error_input")
  expect_error(releaseVariables("verbs", "a", CLUSTER = 3), "must be a cluster of package parallel", class = "memshare_error_input")
  expect_error(pageList(CLUSTER = 3), "must be a cluster of package parallel", class = "memshare_error_input")
  expect_error(memTop(once = TRUE, CLUSTER = 3), "must be a cluster of package parallel", class = "memshare_error_input")
  expect_error(registerVariables("verbs", list(a = 1), host_timeout = 0.5), "host_timeout must be one whole number", class = "memshare_error_input")
  expect_length(pageList(), 0L)
})
