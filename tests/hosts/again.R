# Calls over hosts that go on where an earlier one stopped: memRedo() of what failed, of what a run that failed had done, and checkpoints. The values are
# those of one machine, FUN is called for no element twice that was done, also when a host dies meanwhile.
suppressPackageStartupMessages(library(memshare))
local({
  path <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[[1L]])
  source(file.path(dirname(path), "lib.R"), local = globalenv())
})
hosts <- hosts_up(2L)
cluster <- nodes_on(hosts, 2L)

# FUN fails at these elements while a host's file `again` is not there, and says on its host that it was called.
flaky <- function(i, at) {
  cat(sprintf("%d\n", as.integer(i)), file = "/tmp/called", append = TRUE)
  if (i %in% at && !file.exists("/tmp/again")) stop("not ready")
  if (i %% 50 == 0) warning("fifty")
  i + stats::rnorm(1)
}
on_all <- function(command) unlist(lapply(1:2, host_run, hosts = hosts, command = command))
called <- function() {
  numbers <- as.integer(on_all("cat /tmp/called 2> /dev/null || true"))
  on_all("rm -f /tmp/called")
  sort(numbers)
}
ready <- function(yes) invisible(on_all(if (yes) "touch /tmp/again" else "rm -f /tmp/again"))
quiet <- function(expr) suppressWarnings(suppressMessages(expr))
# What it said of elements that were done before.
reused <- function(expr) {
  told <- NULL
  note <- function(m) { told <<- c(m$reused, m$elements); invokeRestart("muffleMessage") }
  list(value = withCallingHandlers(suppressWarnings(expr), memshare_message_reused = note), told = told)
}
n <- 400
whole <- suppressWarnings(memLapply(1:n, flaky, VARS = list(at = 0), MAX.CORES = 2, CONTROL = memControl(seed = 5)))
unlink("/tmp/called")

# memRedo(value): the elements that failed, and no others.
value <- quiet(memLapply(1:n, flaky, VARS = list(at = c(3, 170, 171, n)), CLUSTER = cluster, CONTROL = memControl(seed = 5, on_error = "collect")))
stopifnot(identical(called(), seq_len(n)), identical(quiet(memRedo(value))[-c(3, 170, 171, n)], whole[-c(3, 170, 171, n)]))
invisible(called())
ready(TRUE)
value[[7]] <- "changed"
again <- reused(memRedo(value))
stopifnot(identical(called(), c(3L, 170L, 171L, as.integer(n))), identical(again$told, c(n - 4, n)), identical(again$value[-7], whole[-7]), again$value[[7]] == "changed")
cat("ok  the elements that failed\n")

# Of several passes also what the failed ones need and what depends on them.
lazy <- memControl(lazy = TRUE, seed = 1, on_error = "collect")
chain <- function(...) {
  x <- memLapply(1:30, function(i) i * 2, ..., CONTROL = memControl(lazy = TRUE))
  y <- memLapply(x, function(v) { cat(v, "\n", file = "/tmp/called", append = TRUE); if (v == 20 && !file.exists("/tmp/again")) stop("no"); v + stats::rnorm(1) }, ..., CONTROL = lazy)
  s <- memLapply(1, function(i, y) sum(unlist(Filter(is.numeric, y))), VARS = list(y = y), ..., CONTROL = memControl(lazy = TRUE))
  memRun(y = y, s = s)
}
ready(FALSE)
value <- quiet(chain(CLUSTER = cluster))
invisible(called())
ready(TRUE)
invisible(file.create("/tmp/again"))
expected <- chain(MAX.CORES = 2)
unlink(c("/tmp/again", "/tmp/called"))
stopifnot(inherits(value$y[[10]], "memshare_error_element"), identical(quiet(memRedo(value)), expected))
invisible(called())
cat("ok  what failed elements need, and what depends on them\n")

# keep = TRUE: what was done when the run failed, on another cluster too.
keep <- function(at, ...) memLapply(1:n, flaky, VARS = list(at = at), ..., CONTROL = memControl(seed = 5, keep = TRUE))
ready(FALSE)
stopifnot(inherits(quiet(error_of(keep(n - 3, CLUSTER = cluster))), "memshare_error_element"), any(grepl("(kept).", pageList(), fixed = TRUE)))
first <- called()
stopifnot(inherits(quiet(error_of(memRedo())), "memshare_error_element"))
second <- called()
ready(TRUE)
other <- nodes_on(hosts, 1L)
again <- reused(memRedo(CLUSTER = other))
third <- called()
stopifnot(identical(again$value, whole), again$told[[1L]] > 0, identical(again$told[[1L]] + length(third), as.double(n)))
stopifnot("a block that was done is not done again" = length(second) + length(third) < n, setequal(c(first, second, third), 1:n))
stopifnot(!any(grepl("(kept).", pageList(), fixed = TRUE)), inherits(error_of(memRedo()), "memshare_error_kept"))
events <- as.data.frame(memLastRun(), what = "events")
stopifnot(any(vapply(events, function(column) any(grepl("^reused$", column)), NA)), all(as.data.frame(memLastRun(), what = "tasks")$state == "done"))
parallel::stopCluster(other)
cat(sprintf("ok  a run that failed: %d, %d and %d calls of FUN for %d elements\n", length(first), length(second), length(third), n))

# All hosts die, in the middle of it: what was done goes on on a new CLUSTER, of which a host dies too.
slow <- function(i) {
  Sys.sleep(0.02)
  flaky(i, 0)
}
die <- function(which) {
  pids <- unlist(parallel::clusterCall(doomed, Sys.getpid))
  parallel::mcparallel({
    soon(function() all(vapply(which, function(j) length(host_run(hosts, j, "cat /tmp/called 2> /dev/null || true")) > 60L, NA)), 20)
    for (j in which) host_run(hosts, j, paste("kill -9", pids[[j]]))
  })
}
doomed <- nodes_on(hosts, 1L)
killing <- die(1:2)
e <- quiet(error_of(memLapply(1:n, slow, CLUSTER = doomed, CONTROL = memControl(seed = 5, keep = TRUE))))
invisible(parallel::mccollect(killing))
close_all <- function(cluster) for (node in cluster) try(close(node$con), silent = TRUE)
close_all(doomed)
stopifnot(inherits(e, "memshare_error_cluster"))
first <- called()
stopifnot("without a CLUSTER that lives it is an error, and nothing is lost" = inherits(quiet(error_of(memRedo())), "memshare_error_cluster"))
doomed <- nodes_on(hosts, 1L)
killing <- die(1L)
again <- reused(memRedo(CLUSTER = doomed))
invisible(parallel::mccollect(killing))
close_all(doomed)
second <- called()
stopifnot(identical(again$value, whole), again$told[[1L]] > 0, length(second) < n, setequal(c(first, second), 1:n))
cat(sprintf("ok  hosts that die: %d and %d calls of FUN for %d elements\n", length(first), length(second), n))

# All hosts are lost, and it goes on on this machine.
doomed <- nodes_on(hosts, 1L)
killing <- die(1:2)
e <- quiet(error_of(memLapply(1:n, slow, CLUSTER = doomed, CONTROL = memControl(seed = 5, keep = TRUE))))
invisible(parallel::mccollect(killing))
close_all(doomed)
first <- called()
beside <- parallel::makePSOCKcluster(2L)
again <- reused(memRedo(CLUSTER = beside))
second <- as.integer(readLines("/tmp/called"))
unlink("/tmp/called")
parallel::stopCluster(beside)
stopifnot(identical(again$value, whole), identical(again$told[[1L]] + length(second), as.double(n)), setequal(c(first, second), 1:n))
cat(sprintf("ok  on this machine: %d and %d calls of FUN for %d elements\n", length(first), length(second), n))

# Ctrl-C.
session <- Sys.getpid()
interrupting <- parallel::mcparallel({
  soon(function() length(host_run(hosts, 1L, "cat /tmp/called 2> /dev/null || true")) > 60L, 20)
  tools::pskill(session, tools::SIGINT)
})
e <- quiet(tryCatch(memLapply(1:n, slow, CLUSTER = cluster, CONTROL = memControl(seed = 5, keep = TRUE)), interrupt = function(i) "interrupted"))
invisible(parallel::mccollect(interrupting))
first <- called()
again <- reused(memRedo())
second <- called()
stopifnot(identical(e, "interrupted"), identical(again$value, whole), identical(again$told[[1L]] + length(second), as.double(n)), length(second) < n)
cat(sprintf("ok  Ctrl-C: %d and %d calls of FUN for %d elements\n", length(first), length(second), n))

# A checkpoint: what hosts did goes on on this machine, and what this machine did on hosts.
dir <- tempfile("checkpoint-")
point <- function(...) memLapply(1:n, flaky, VARS = list(at = n - 3), ..., CONTROL = memControl(seed = 5, checkpoint = dir))
both <- list(list(CLUSTER = cluster), list(MAX.CORES = 2))
for (order in list(1:2, 2:1, c(1L, 1L))) {
  ready(FALSE)
  stopifnot(inherits(quiet(error_of(do.call(point, both[[order[[1L]]]]))), "memshare_error_element"))
  ready(TRUE)
  invisible(file.create("/tmp/again"))
  said <- character()
  again <- withCallingHandlers(reused(do.call(point, both[[order[[2L]]]])), warning = function(w) said <<- c(said, conditionMessage(w)))
  unlink(c("/tmp/again", "/tmp/called"))
  stopifnot(identical(again$value, whole), again$told[[1L]] > n / 2)
  invisible(called())
  again <- reused(do.call(point, both[[order[[1L]]]]))
  stopifnot(identical(again$value, whole), identical(again$told, c(n, n)), !length(called()), !file.exists("/tmp/called"))
  e <- error_of(memLapply(1:n, flaky, VARS = list(at = 1), CLUSTER = cluster, CONTROL = memControl(seed = 5, checkpoint = dir)))
  stopifnot(inherits(e, "memshare_error_checkpoint"))
  unlink(dir, recursive = TRUE)
}
cat("ok  a checkpoint of hosts, and of this machine\n")

# All hosts die: the checkpoint has what they did. It draws a seed, which is that of whoever goes on.
doomed <- nodes_on(hosts, 1L)
killing <- die(1:2)
point <- function(...) memLapply(1:n, slow, ..., CONTROL = memControl(checkpoint = dir))
stopifnot(inherits(quiet(error_of(point(CLUSTER = doomed))), "memshare_error_cluster"))
invisible(parallel::mccollect(killing))
close_all(doomed)
first <- called()
again <- reused(point(CLUSTER = cluster))
second <- called()
stopifnot(length(second) < n, identical(again$told[[1L]] + length(second), as.double(n)), identical(suppressWarnings(suppressMessages(point(MAX.CORES = 2))), again$value))
cat(sprintf("ok  a checkpoint when hosts die: %d and %d calls of FUN for %d elements\n", length(first), length(second), n))
unlink(c(dir, "/tmp/called"), recursive = TRUE)

# Chains: each stage is known by what it gives, also where hosts run passes apart that one machine runs together.
m <- matrix(as.double(1:6000), 60)
chains <- list(
  fold = function(...) memReduce(memLapply(1:30000 / 7, sqrt, ..., CONTROL = memControl(lazy = TRUE)), `+`, init = 3),
  whole = function(...) {
    lazy <- memControl(lazy = TRUE)
    centred <- memApply(m, 2, function(v) v - mean(v), ..., CONTROL = memControl(lazy = TRUE, FUN.VALUE = numeric(60)))
    total <- memReduce(memApply(centred, 2, sum, ..., CONTROL = lazy), `+`)
    memApply(centred, 1, function(v, all, total) list(v[2] * all[3, 4] + total), VARS = list(all = centred, total = total), ..., CONTROL = lazy)
  },
  beside = function(...) {
    lazy <- memControl(lazy = TRUE)
    a <- memLapply(1:40, function(i) i * 2, ..., CONTROL = lazy)
    c <- memLapply(1:5, function(i) i + 100, ..., CONTROL = lazy)
    memLapply(a, function(v, c) v + c[[2]], VARS = list(c = c), ..., CONTROL = lazy)
  }
)
for (what in names(chains)) {
  expected <- memRun(chains[[what]](MAX.CORES = 2))
  for (order in list(1:2, 2:1, c(1L, 1L))) {
    got <- lapply(order, function(k) suppressMessages(memRun(do.call(chains[[what]], both[[k]]), checkpoint = dir)))
    if (!all(vapply(got, identical, NA, expected))) stop(what, " by a checkpoint differs")
    unlink(dir, recursive = TRUE)
  }
}
cat("ok  chains with a checkpoint\n")

# Ctrl-C closes a connection that is in the middle of a message.
close_all(cluster)
hosts_down(hosts)
