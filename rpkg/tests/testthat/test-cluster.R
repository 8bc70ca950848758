# CLUSTER: nodes of a parallel cluster do the work.

local_cluster <- function(nodes, frame = parent.frame()) {
  cluster <- parallel::makePSOCKcluster(nodes)
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
