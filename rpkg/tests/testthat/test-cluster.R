# CLUSTER: nodes of a parallel cluster do the work.
skip_on_cran()

local_cluster <- function(nodes, frame = parent.frame(), ...) {
  cluster <- parallel::makePSOCKcluster(nodes, ...)
  withr_defer({
    try(parallel::stopCluster(cluster), silent = TRUE)
    for (node in cluster) try(close(node$con), silent = TRUE) # of nodes that were killed
  }, frame)
  cluster
}

test_that("nodes join a run, give its value, and can be used again", {
  cluster <- local_cluster(2)
  pids <- unlist(parallel::clusterCall(cluster, Sys.getpid))
  m <- matrix(rnorm(1000), 10, dimnames = list(NULL, paste0("c", 1:100)))
  y <- rnorm(10)
  for (i in 1:3) {
    expect_identical(memApply(m, 2, cor, VARS = list(y = y), CLUSTER = cluster), apply(m, 2, cor, y, simplify = FALSE))
  }
  ran <- unique(unlist(memLapply(1:50, function(v) {
    Sys.sleep(0.005)
    Sys.getpid()
  }, CLUSTER = cluster)))
  expect_true(all(ran %in% pids))
  expect_identical(unlist(parallel::clusterCall(cluster, Sys.getpid)), pids)
})

test_that("what was exported to the nodes is seen by FUN", {
  cluster <- local_cluster(1)
  parallel::clusterCall(cluster, function() {
    assign("exported_to_node", 42, envir = globalenv())
    NULL
  })
  expect_identical(memLapply(1:2, function(v) exported_to_node + v, CLUSTER = cluster), list(43, 44))
})

test_that("an error leaves the cluster usable", {
  cluster <- local_cluster(2)
  expect_error(memLapply(1:10, function(v) stop("bad"), CLUSTER = cluster), class = "memshare_error_element")
  expect_identical(memLapply(1:3, identity, CLUSTER = cluster), as.list(1:3))
  expect_identical(parallel::clusterCall(cluster, function() 1), list(1, 1))
})

test_that("a node that died does not stop the others", {
  skip_on_os("windows")
  cluster <- local_cluster(2)
  pids <- unlist(parallel::clusterCall(cluster, Sys.getpid))
  tools::pskill(pids[[1]], 9L)
  Sys.sleep(0.2)
  expect_identical(memLapply(1:10, function(v) v + 1, CLUSTER = cluster), as.list(1:10 + 1))
  tools::pskill(pids[[2]], 9L)
  Sys.sleep(0.2)
  expect_error(memLapply(1:10, identity, CLUSTER = cluster), class = "memshare_error")
})

# A node that begins to answer and does not go on: its process is stopped, or its link was cut.
stop_within_answer <- function(node) {
  utils::getFromNamespace("sendCall", "parallel")(node, function() {
    master <- Find(is.list, lapply(sys.frames(), get0, x = "master", inherits = FALSE))
    writeBin(serialize(1, NULL)[1:10], master$con)
    Sys.sleep(3600)
  }, list())
  socketSelect(list(node$con), FALSE, 60)
}

test_that("nobody waits without a limit for a node that stopped within an answer", {
  # R counts no time in a wait for a connection as long as callbacks of later are due, and they are until R is at its prompt.
  skip_if(isNamespaceLoaded("later"), "package later is loaded")
  cluster <- local_cluster(2)
  pids <- unlist(parallel::clusterCall(cluster, Sys.getpid))
  on.exit(tools::pskill(pids, 9L))
  parallel::clusterCall(cluster, loadNamespace, "memshare", lib.loc = .libPaths())
  stop_within_answer(cluster[[2L]])
  expect_warning(
    value <- memLapply(1:3, identity, CLUSTER = cluster, CONTROL = memControl(host_timeout = 3)), "node 2 of CLUSTER .* did not answer in time",
    class = "memshare_warning_cluster"
  )
  expect_identical(value, as.list(1:3))
  expect_error(isOpen(cluster[[2L]]$con))
  # What parallel's own calls wait is as it was.
  expect_gt(socketTimeout(cluster[[1L]]$con), 86400)
  stop_within_answer(cluster[[1L]])
  expect_warning(
    expect_error(memLapply(1:3, identity, CLUSTER = cluster, CONTROL = memControl(host_timeout = 3)), class = "memshare_error_cluster"),
    "node 1 of CLUSTER .* did not answer in time"
  )
})

test_that("memshare_gc reaches the nodes", {
  cluster <- local_cluster(1)
  registerVariables("nodes", list(x = 1:10))
  libraries <- .libPaths()
  seen <- parallel::clusterCall(cluster, function(libraries) {
    loadNamespace("memshare", lib.loc = libraries)
    assign("view", get("retrieveViews", asNamespace("memshare"))("nodes", "x"), envir = globalenv())
    get("viewList", asNamespace("memshare"))()
  }, libraries)
  expect_identical(seen, list("nodes.x"))
  memshare_gc("nodes", cluster)
  expect_length(parallel::clusterCall(cluster, function() get("viewList", asNamespace("memshare"))())[[1]], 0)
  expect_false("nodes.x" %in% pageList())
})

# A cluster whose nodes see other files at these places than this session does, as on another machine.
local_cluster_elsewhere <- function(nodes, places, frame = parent.frame()) {
  skip_if(system("unshare -m mount -t tmpfs tmpfs /dev/shm 2> /dev/null") != 0, "no mount namespaces here")
  wrapper <- tempfile("rscript")
  mounts <- paste(sprintf("mount -t tmpfs tmpfs %s", shQuote(places)), collapse = " && ")
  # A mount on the directory of the wrapper itself hides that, so the shell has been read by then.
  writeLines(c("#!/bin/sh", sprintf("exec unshare -m sh -c %s rscript \"$@\"", shQuote(paste0(mounts, " && exec ", rscript(), " \"$@\"")))), wrapper)
  Sys.chmod(wrapper, "0700")
  local_cluster(nodes, frame, rscript = wrapper)
}

joined <- function(...) structure(c(...), class = c("SOCKcluster", "cluster"))

# The clusters of this file name no error but this, and within its time.
expect_refused <- function(call, node, why) {
  took <- system.time(e <- tryCatch(call, memshare_error = identity))[["elapsed"]]
  expect_s3_class(e, "memshare_error_cluster")
  expect_true(e$node %in% node)
  expect_match(conditionMessage(e), sprintf("node %d of CLUSTER .*cannot take part: it does not see the session's %s", e$node, why))
  expect_lt(took, 30)
}

test_that("nodes with a shared memory of their own are hosts of their own", {
  cluster <- local_cluster_elsewhere(2, "/dev/shm")
  m <- matrix(rnorm(60), 6, dimnames = list(letters[1:6], LETTERS[1:10]))
  for (margin in 1:2) expect_identical(memApply(m, margin, function(v) v * 2, CLUSTER = cluster), apply(m, margin, function(v) v * 2, simplify = FALSE))
  expect_identical(parallel::clusterCall(cluster, function() 1), list(1, 1))
  e <- expect_error(memLapply(c(a = 1, b = 2), function(v) if (v > 1) stop("no") else v, CLUSTER = cluster), class = "memshare_error_element")
  expect_identical(e[c("index", "name")], list(index = 2, name = "b"))
  refused <- memRun(wait = FALSE, memLapply(1:4, identity, CLUSTER = cluster, CONTROL = memControl(lazy = TRUE))) |>
    expect_error(class = "memshare_error_cluster")
  expect_match(conditionMessage(refused), "several hosts")
  expect_identical(memLapply(1:4, identity, CLUSTER = cluster), as.list(1:4))
})

test_that("nodes with files of their own are an error that says so", {
  cluster <- local_cluster_elsewhere(1, tempdir())
  expect_refused(memLapply(1:4, identity, CLUSTER = cluster), 1L, "directory")
  expect_identical(parallel::clusterCall(cluster, function() 1), list(1))
})

test_that("nodes on this machine and others elsewhere work for one call, and all stay usable", {
  near <- local_cluster(1)
  far <- local_cluster_elsewhere(1, "/dev/shm")
  before <- segments()
  mixed <- joined(near, far)
  for (i in 1:2) expect_identical(memLapply(1:20, function(v) v + 1, CLUSTER = mixed), as.list(1:20 + 1))
  # What this machine's node holds, as a host of its own, goes with it.
  expect_identical(memLapply(1:3, identity, CLUSTER = near), as.list(1:3))
  expect_identical(unlist(parallel::clusterCall(mixed, function() 1)), c(1, 1))
})

test_that("a node that is stopped is left out after a while, and is named", {
  skip_on_os("windows")
  cluster <- local_cluster(2)
  pids <- unlist(parallel::clusterCall(cluster, Sys.getpid))
  memLapply(1:2, identity, CLUSTER = cluster)
  withr_defer(tools::pskill(pids, 9L), environment())
  said <- NULL
  f <- function(v, pid) {
    if (v == 7 && Sys.getpid() == pid) tools::pskill(pid, 19L)
    Sys.sleep(0.01)
    v
  }
  value <- withCallingHandlers(
    memLapply(rep(7, 40), f, VARS = list(pid = pids[[2]]), CLUSTER = cluster, CONTROL = memControl(chunk = 1)),
    memshare_warning_cluster = function(w) {
      said <<- w
      invokeRestart("muffleWarning")
    }
  )
  expect_identical(value, as.list(rep(7, 40)))
  expect_match(conditionMessage(said), "node 2 of CLUSTER .* did not answer.*its connection was closed")
  expect_identical(said$node, 2L)
  expect_match(memLastRun()$died$how, "its process was stopped for 10 s")
  # What is left of the cluster works on.
  expect_identical(memLapply(1:3, identity, CLUSTER = cluster), as.list(1:3))
})

test_that("memshare_gc() has the nodes release, and tells of one that cannot", {
  cluster <- local_cluster(2)
  registerVariables("gc-nodes", list(a = 1:10))
  views <- function() {
    parallel::clusterCall(cluster, function(libraries) {
      loadNamespace("memshare", lib.loc = libraries)
      length(memshare::viewList())
    }, .libPaths())
  }
  parallel::clusterCall(cluster, function(libraries) {
    loadNamespace("memshare", lib.loc = libraries)
    memshare::retrieveViews("gc-nodes", "a")
    NULL
  }, .libPaths())
  expect_identical(views(), list(1L, 1L))
  expect_null(memshare_gc("gc-nodes", cluster))
  expect_identical(views(), list(0L, 0L))
  expect_length(pageList(), 0)
  registerVariables("gc-nodes", list(a = 1:10))
  pid <- parallel::clusterCall(cluster[2], Sys.getpid)[[1]]
  tools::pskill(pid, 9L)
  e <- expect_error(memshare_gc("gc-nodes", cluster), class = "memshare_error_cluster")
  expect_match(conditionMessage(e), "node 2 of CLUSTER .* did not release the namespace")
  # What is this session's went all the same.
  expect_length(pageList(), 0)
})

test_that("nodes of a cluster write down what they did, and another cluster goes on", {
  dir <- withr::local_tempfile()
  file <- withr::local_tempfile()
  fun <- function(i, file) if (i == 350 && !file.exists(file)) stop("no") else i + rnorm(1)
  run <- function() {
    memLapply(1:400, fun, VARS = list(file = file), CLUSTER = local_cluster(2), CONTROL = memControl(checkpoint = dir, seed = 7, chunk = 20))
  }
  expect_error(run(), class = "memshare_error_element")
  expect_gt(sum(file.size(list.files(dir, "^chunks", full.names = TRUE))), 0)
  file.create(file)
  expect_message(value <- run(), class = "memshare_message_reused")
  expect_identical(value, memLapply(1:400, fun, VARS = list(file = file), MAX.CORES = 1, CONTROL = memControl(seed = 7)))
})
