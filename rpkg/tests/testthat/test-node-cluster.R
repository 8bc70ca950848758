skip_on_cran()
local_nodes <- function(n, frame = parent.frame()) {
  cluster <- memCluster(n)
  withr::defer(parallel::stopCluster(cluster), frame)
  cluster
}
pids <- function(cluster) unlist(parallel::clusterCall(cluster, Sys.getpid))
# Processes end after their connection.
gone <- function(pids) {
  until <- Sys.time() + 20
  while (any(dir.exists(paste0("/proc/", pids))) && Sys.time() < until) Sys.sleep(0.02)
  !any(dir.exists(paste0("/proc/", pids)))
}

test_that("functions of package parallel work as on its own clusters", {
  cluster <- local_nodes(2)
  expect_s3_class(cluster, c("memshareCluster", "SOCKcluster", "cluster"), exact = TRUE)
  k <- 3
  scaled <- function(i) i * k
  expect_identical(parallel::parLapply(cluster, 1:5, scaled), lapply(1:5, scaled))
  expect_identical(parallel::clusterApplyLB(cluster, 1:7, scaled), lapply(1:7, scaled))
  expect_identical(parallel::parSapply(cluster, c(a = 1, b = 2), sqrt), sapply(c(a = 1, b = 2), sqrt))
  expect_identical(parallel::clusterMap(cluster, `+`, 1:3, 4:6), Map(`+`, 1:3, 4:6))
  expect_identical(parallel::parApply(cluster, matrix(1:6, 2), 1, sum), apply(matrix(1:6, 2), 1, sum))
  exported <- 7
  parallel::clusterExport(cluster, "exported", environment())
  expect_identical(parallel::clusterEvalQ(cluster, exported), list(7, 7))
  parallel::clusterSetRNGStream(cluster, 1)
  ours <- parallel::parLapply(cluster, 1:4, function(i) rnorm(1))
  plain <- parallel::makePSOCKcluster(2)
  withr::defer(parallel::stopCluster(plain))
  parallel::clusterSetRNGStream(plain, 1)
  expect_identical(parallel::parLapply(plain, 1:4, function(i) rnorm(1)), ours)
  expect_error(parallel::parLapply(cluster, 1:3, function(i) if (i == 2) stop("two")), "two")
  expect_length(unique(pids(cluster)), 2L)
  expect_identical(parallel::clusterCall(cluster[1], function() 1), list(1))
  expect_output(print(cluster), "memCluster\\(\\) of 2 nodes on this machine")
})

test_that("big objects are in shared memory once, however often they are sent, and so are results", {
  cluster <- local_nodes(2)
  big <- runif(1e6)
  before <- pageList()
  for (k in 1:3) expect_identical(parallel::clusterCall(cluster, function(x) sum(x), big), list(sum(big), sum(big)))
  expect_length(setdiff(pageList(), before), 1L)
  parallel::clusterExport(cluster, "big", environment())
  expect_length(setdiff(pageList(), before), 1L)
  expect_identical(unlist(parallel::clusterEvalQ(cluster, sum(big))), rep(sum(big), 2))
  # In frames of functions too.
  expect_identical(unlist(parallel::clusterCall(cluster, function() sum(big))), rep(sum(big), 2))
  expect_identical(parallel::clusterCall(cluster, function(i) numeric(1e6) + i, 2)[[2L]], numeric(1e6) + 2)
  memshare_gc()
  expect_identical(pageList(), before)
  expect_identical(unlist(parallel::clusterEvalQ(cluster, sum(big))), rep(sum(big), 2))
})

test_that("at most so many objects are kept", {
  cluster <- local_nodes(1)
  before <- length(pageList())
  for (k in 1:20) parallel::clusterCall(cluster, length, numeric(2e5) + k)
  expect_lte(length(pageList()) - before, kept_objects)
  memshare_gc()
  expect_length(pageList(), before)
})

test_that("a node that dies is an error that names it and its task, and is replaced", {
  cluster <- local_nodes(2)
  first <- pids(cluster)
  parallel::clusterCall(cluster, function() assign("there", 1, envir = globalenv()))
  error <- expect_error(
    parallel::clusterApplyLB(cluster, 1:6, function(i) if (i == 4) tools::pskill(Sys.getpid(), 9) else { Sys.sleep(0.05); i }),
    "died at task 4.*another process took its place, without what was exported", class = "memshare_error_node_died"
  )
  expect_identical(error$task, 4L)
  # No answer of the call that failed is taken for one of these.
  expect_identical(parallel::parLapply(cluster, 1:6, function(i) i), as.list(1:6))
  now <- pids(cluster)
  expect_identical(now == first, seq_along(first) != error$node)
  expect_identical(unlist(parallel::clusterCall(cluster, function() exists("there"))), now == first)
})

test_that("answers that nobody waits for are dropped, and what makes them is interrupted", {
  cluster <- local_nodes(2)
  began <- Sys.time()
  at_work <- withr::local_tempfile()
  # Ctrl-C when the nodes are at it.
  skip_if_interrupts_are_ignored()
  system(sprintf("(while [ ! -e %s ]; do sleep 0.05; done; kill -INT %d)", shQuote(at_work), Sys.getpid()), wait = FALSE)
  work <- function(at_work) {
    file.create(at_work)
    Sys.sleep(60)
  }
  expect_identical(tryCatch(parallel::clusterCall(cluster, work, at_work), interrupt = function(i) "stopped"), "stopped")
  expect_identical(parallel::clusterCall(cluster, function() 5), list(5, 5))
  expect_lt(as.numeric(Sys.time() - began, units = "secs"), 30)
})

test_that("a call that ends while it sends leaves no answers to the next", {
  cluster <- memCluster(2)
  withr::defer(parallel::stopCluster(cluster))
  pids <- unlist(parallel::clusterCall(cluster, Sys.getpid))
  tools::pskill(pids[[2L]], 9L)
  x <- as.list(runif(30000))
  expect_error(parallel::clusterCall(cluster, function(x) length(x), x), class = "memshare_error_node_died")
  expect_identical(unlist(parallel::clusterCall(cluster, function(k) k, 1)), c(1, 1))
  expect_error(parallel::clusterCall(cluster, function() quit("no")), class = "memshare_error_node_died")
  expect_identical(unlist(tryCatch(parallel::clusterCall(cluster, function(k) k, 2), memshare_error_node_died = function(e) {
    parallel::clusterCall(cluster, function(k) k, 2)
  })), c(2, 2))
})

test_that("Ctrl-C within a message replaces the node, and the next call is right", {
  skip_if_interrupts_are_ignored()
  cluster <- memCluster(1)
  withr::defer(parallel::stopCluster(cluster))
  pid <- unlist(parallel::clusterCall(cluster, Sys.getpid))
  # A node that reads nothing, and code, which is no object of shared memory: the message does not fit into the connection.
  long <- function(x) x
  body(long) <- as.call(c(quote(`{`), lapply(1:12000, function(i) call("c", strrep(as.character(i), 400)))))
  tools::pskill(pid, tools::SIGSTOP)
  session <- Sys.getpid()
  interrupting <- parallel::mcparallel({
    Sys.sleep(0.5)
    tools::pskill(session, tools::SIGINT)
  })
  got <- tryCatch(parallel::clusterCall(cluster, is.function, long), interrupt = function(i) "interrupt")
  parallel::mccollect(interrupting)
  expect_identical(got, "interrupt")
  expect_identical(unlist(parallel::clusterCall(cluster, function(k) k, 3)), 3)
})

test_that("work that was dropped before its node began it is interrupted too", {
  cluster <- local_nodes(1)
  pid <- pids(cluster)
  began <- Sys.time()
  tools::pskill(pid, tools::SIGSTOP)
  send <- utils::getFromNamespace("sendCall", "parallel")
  send(cluster[[1L]], function() Sys.sleep(60), list())
  drop_answers(cluster[[1L]]$group)
  tools::pskill(pid, tools::SIGCONT)
  expect_identical(parallel::clusterCall(cluster, function() 5), list(5))
  expect_lt(as.numeric(Sys.time() - began, units = "secs"), 30)
})

test_that("nodes end with their cluster, also at work, and with what holds it", {
  cluster <- memCluster(2)
  processes <- pids(cluster)
  parallel::stopCluster(cluster)
  expect_true(gone(processes))
  expect_error(parallel::clusterCall(cluster, function() 1), "cluster was stopped", class = "memshare_error_cluster")
  cluster <- memCluster(1)
  processes <- pids(cluster)
  send <- utils::getFromNamespace("sendCall", "parallel")
  send(cluster[[1L]], function() Sys.sleep(60), list())
  rm(cluster)
  gc()
  expect_true(gone(processes))
})

test_that("a cluster that was stopped is said to be", {
  cluster <- memCluster(1)
  parallel::stopCluster(cluster)
  expect_error(memLapply(1:2, identity, CLUSTER = cluster), "was stopped; make another", class = "memshare_error_input")
})

test_that("a node that owes no answer is an error when one is asked for", {
  cluster <- local_nodes(2)
  receive <- utils::getFromNamespace("recvData", "parallel")
  receive_one <- utils::getFromNamespace("recvOneData", "parallel")
  send <- utils::getFromNamespace("sendCall", "parallel")
  expect_error(receive(cluster[[2L]]), "node 2 of the cluster owes no answer", class = "memshare_error_cluster")
  expect_error(receive_one(cluster), "owes no answer", class = "memshare_error_cluster")
  # What was asked of the other node goes with the call that ended.
  send(cluster[[1L]], function() Sys.sleep(60), list())
  expect_error(parallel::clusterCall(cluster[2L], function() tools::pskill(Sys.getpid(), 9)), class = "memshare_error_node_died")
  expect_error(receive(cluster[[1L]]), "owes no answer", class = "memshare_error_cluster")
  expect_identical(parallel::clusterCall(cluster, function() 1), list(1, 1))
})

test_that("code that writes to the connection itself gets full copies", {
  cluster <- local_nodes(1)
  node <- cluster[[1L]]
  serialize(list(type = "EXEC", data = list(fun = sum, args = list(numeric(1e6) + 1), return = TRUE, tag = NULL)), node$con)
  expect_identical(unserialize(node$con)$value, 1e6)
})

test_that("processes without the secret are no nodes, and too many nodes are refused", {
  expect_error(memCluster(500), "each needs a connection of R", class = "memshare_error_input")
  expect_error(memCluster(0), class = "memshare_error_input")
  server <- listening_socket(NULL)
  withr::defer(close(server$socket))
  stranger <- socketConnection("localhost", server$port, blocking = TRUE, open = "a+b")
  withr::defer(close(stranger))
  writeBin(charToRaw(strrep("0", 32)), stranger)
  accepted <- socketAccept(server$socket, blocking = TRUE, open = "a+b")
  withr::defer(close(accepted))
  expect_identical(secret_of(accepted), strrep("0", 32))
  expect_false(secret_of(accepted) %in% random_id())
})

# What is told of the process that `connect` has connect to a port: whether it is this user's.
told_of <- function(connect) {
  server <- listening_socket(NULL)
  withr::defer(close(server$socket))
  connect(server$port)
  before <- own_sockets()
  accepted <- socketAccept(server$socket, blocking = TRUE, open = "a+b", timeout = 30)
  withr::defer(close(accepted))
  from_same_user(before, NULL)
}

test_that("who connects must be a process of this user, secret or not", {
  bash <- Sys.which("bash")
  skip_if_not(nzchar(bash), "needs bash")
  end <- withr::local_tempfile(tmpdir = "/tmp")
  withr::defer(file.create(end))
  connect_by <- function(...) {
    function(port) {
      code <- sprintf("exec 3<>/dev/tcp/127.0.0.1/%d; for i in {1..600}; do [ -e %s ] && break; sleep 0.05; done", port, end)
      system2("env", c(..., bash, "-c", shQuote(code)), wait = FALSE)
    }
  }
  expect_true(told_of(connect_by()))
  other <- c("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
  skip_if_not(identical(suppressWarnings(system2("env", c(other, "id", "-u"), stdout = TRUE, stderr = TRUE)), "65534"), "needs root, to be another user too")
  expect_false(told_of(connect_by(other)))
})

test_that("it is a CLUSTER of memLapply() too", {
  cluster <- local_nodes(2)
  expect_identical(memLapply(1:4, function(i) i^2, CLUSTER = cluster), lapply(1:4, function(i) i^2))
  expect_identical(parallel::clusterCall(cluster, function() 1), list(1, 1))
})

test_that("packages that take a cluster take this one", {
  cluster <- local_nodes(2)
  skip_if_not_installed("foreach")
  skip_if_not_installed("doParallel")
  doParallel::registerDoParallel(cluster)
  withr::defer(foreach::registerDoSEQ())
  `%dopar%` <- foreach::`%dopar%`
  k <- 2
  expect_identical(foreach::foreach(i = 1:4, .combine = c) %dopar% (i * k), 1:4 * k)
})

test_that("a program that is not there cannot be started as a node", {
  secret <- withr::local_tempfile(lines = "secret")
  expect_error(
    native(ms_node_launch("/no/such/R", character(), .libPaths(), 1L, c(tempfile(), secret))), "/no/such/R", class = "memshare_error_launch"
  )
})
