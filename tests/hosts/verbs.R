# What the other verbs do over hosts: two hosts with a node each, whose leaders have workers of their own.
suppressPackageStartupMessages(library(memshare))
local({
  path <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[[1L]])
  source(file.path(dirname(path), "lib.R"), local = globalenv())
})
hosts <- hosts_up(2L)
cluster <- nodes_on(hosts, 1L)

# memControl(workers_per_host = ): as many as asked, and no more than the leader may use cores.
cores <- as.integer(parallel::clusterCall(cluster, function() parallelly::availableCores()))
workers <- function(...) {
  at <- memLapply(1:24, function(i) { Sys.sleep(0.05); paste(Sys.info()[["nodename"]], Sys.getpid()) }, CLUSTER = cluster, CONTROL = memControl(...))
  as.integer(table(sub(" .*", "", unique(unlist(at)))))
}
stopifnot(
  "the nodes are the workers" = identical(workers(), c(1L, 1L)), "as many as asked" = identical(workers(workers_per_host = 2), pmin(2L, cores)),
  "no more than the cores" = identical(workers(workers_per_host = Inf), as.integer(cores))
)
cat("ok  workers of the leaders' own\n")

# A call like one before it has that one's program, and its own data.
off <- function(i, v, w) i + v - w
for (vars in list(list(v = 1, w = 2), list(v = 3, w = 4), list(v = 5, w = 5), list(v = 6, w = 6), list(v = 1, w = 2))) {
  stopifnot(identical(memLapply(1:4, off, VARS = vars, CLUSTER = cluster), lapply(1:4, off, vars$v, vars$w)))
}
for (y in list(1:4, 5:8)) stopifnot(identical(memMapply(`-`, 1:4, y, CLUSTER = cluster), as.list(1:4 - y)))
cat("ok  calls that are alike\n")

# registerVariables(CLUSTER = ): each host holds a variable once, by name, and calls that name it send nothing of it.
bytes_of_call <- function(call) {
  at <- bytes_on_bridge(hosts)
  force(call)
  bytes_on_bridge(hosts) - at
}
shared_on <- function(i) 1024 * as.numeric(host_run(hosts, i, "df --output=used -k /dev/shm | tail -n 1"))
m <- matrix(stats::rnorm(1e6), 1000, dimnames = list(NULL, paste0("c", 1:1000)))
y <- stats::rnorm(1000)
items <- lapply(1:200, function(i) rep(i, i))
size <- as.numeric(utils::object.size(m))
before <- vapply(1:2, shared_on, 0)
sent <- bytes_of_call(registerVariables("on hosts", list(m = m, y = y, items = items), CLUSTER = cluster))
grown <- vapply(1:2, shared_on, 0) - before
cat(sprintf("registered: %.3f times the data of two hosts on the bridge; %s of the data in each host's memory\n", sent / (2 * size), toString(round(grown / size, 3))))
stopifnot("each host is sent it once" = sent < 1.1 * 2 * size, "each host holds it once" = grown > 0.9 * size & grown < 1.2 * size)
entries <- paste0("on hosts.", c("items", "m", "y"))
on_hosts <- pageList(CLUSTER = cluster)
stopifnot(identical(names(on_hosts), hosts$addresses), identical(unname(lapply(on_hosts, sort)), list(entries, entries)))
there <- parallel::clusterCall(cluster, function() sum(memshare::retrieveViews("on hosts", "m")$m))
stopifnot("every process there can read it" = identical(there, list(sum(m), sum(m))))
invisible(parallel::clusterCall(cluster, function() { memshare::releaseViews("on hosts", "m"); gc() }))
named <- list(
  columns = function(...) memApply("m", 2, function(v, y) sum(v * y), NAMESPACE = "on hosts", VARS = "y", ...),
  rows = function(...) memApply("m", 1, function(v) v[["c17"]], NAMESPACE = "on hosts", ...),
  items = function(...) memLapply("items", function(v, m) sum(v) + m[1, 2], NAMESPACE = "on hosts", VARS = "m", ...),
  blocks = function(...) memBlocks("m", function(b) list(dim(b), sum(b)), size = 70, NAMESPACE = "on hosts", ...),
  mapply = function(...) memMapply(function(a, b) length(a) + b, "items", 1:200, NAMESPACE = "on hosts", ...)
)
# Calls of another kind come between, and do not push it out.
for (round in 1:2) for (what in names(named)) {
  invisible(memLapply(1:4, function(i) i, CLUSTER = cluster))
  invisible(memLapply(1:4, function(i) -i, CLUSTER = cluster))
  sent <- bytes_of_call(value <- named[[what]](CLUSTER = cluster))
  cat(sprintf("%s by name, round %d: %.4f times the data on the bridge\n", what, round, sent / size))
  if (!identical(value, named[[what]](MAX.CORES = 2))) stop(what, " differs between hosts and one machine")
  stopifnot("what hosts hold is not sent" = sent < 0.05 * size)
}
stopifnot("views are what retrieveViews() gave" = length(viewList()) == 0L)
e <- error_of(registerVariables("on hosts", list(m = 1), CLUSTER = cluster))
stopifnot(grepl("was already registered", conditionMessage(e)), identical(pageList(CLUSTER = cluster), on_hosts))
cat("ok  variables by name on hosts\n")

# A node here reads this session's variable where it lies.
beside <- parallel::makePSOCKcluster(1L)
mixed <- structure(c(unclass(beside), unclass(cluster[1L])), class = class(cluster))
sent <- bytes_of_call(registerVariables("mixed", list(w = m + 1), CLUSTER = mixed))
sums <- function(...) memApply("w", 2, sum, NAMESPACE = "mixed", ...)
stopifnot("the other host alone is sent it" = sent < 1.1 * size, identical(sums(CLUSTER = mixed), sums(MAX.CORES = 2)))
stopifnot(all(vapply(pageList(CLUSTER = mixed), function(pages) "mixed.w" %in% pages, NA)))
releaseVariables("mixed", "w", CLUSTER = mixed)
stopifnot(!any(grepl("^mixed", c(pageList(), unlist(pageList(CLUSTER = mixed))))))
parallel::stopCluster(beside)
cat("ok  hosts here and elsewhere\n")

# A name that is in use on one host is an error that names the node, and nothing is registered anywhere.
invisible(parallel::clusterCall(cluster[2L], function() memshare::registerVariables("other", list(z = 1))))
e <- error_of(registerVariables("other", list(a = 1:10, z = 2), CLUSTER = cluster))
stopifnot(
  inherits(e, "memshare_error_cluster"), grepl("node 2 .*was already registered", conditionMessage(e)), identical(e$node, 2L),
  !any(grepl("^other", pageList())), identical(lengths(pageList(CLUSTER = cluster), use.names = FALSE), 3:4)
)
invisible(parallel::clusterCall(cluster[2L], function() memshare::releaseVariables("other", "z")))

# Released here alone, it stays there; released there too, the memory is free.
releaseVariables("on hosts", "y")
stopifnot(identical(pageList(CLUSTER = cluster), on_hosts))
e <- error_of(registerVariables("on hosts", list(y = y + 1), CLUSTER = cluster))
stopifnot(grepl("was already registered", conditionMessage(e)))
releaseVariables("on hosts", "y", CLUSTER = cluster)
registerVariables("on hosts", list(y = y + 1), CLUSTER = cluster)
stopifnot(identical(named$columns(CLUSTER = cluster), lapply(stats::setNames(seq_len(1000), colnames(m)), function(j) sum(m[, j] * (y + 1)))))
releaseVariables("on hosts", c("m", "y", "items"), CLUSTER = cluster)
stopifnot(!length(unlist(pageList(CLUSTER = cluster))), !length(pageList()))
invisible(memLapply(1:4, function(i) i, CLUSTER = cluster))
# But for what is kept for the next call, 30 seconds long: also the data of blocks, of which no view is made.
stopifnot("the memory is free" = soon(function() all(vapply(1:2, shared_on, 0) - before < 0.5 * size), 40))
registerVariables("on hosts", list(m = m), CLUSTER = cluster)
# A name that a node itself gives up takes nothing from calls.
expected <- named$rows(MAX.CORES = 2)
invisible(parallel::clusterCall(cluster[1L], function() memshare::memshare_gc("on hosts")))
stopifnot(identical(named$rows(CLUSTER = cluster), expected))
memshare_gc("on hosts", cluster)
stopifnot(!length(unlist(pageList(CLUSTER = cluster))), "the memory is free" = soon(function() all(vapply(1:2, shared_on, 0) - before < 0.1 * size)))
cat("ok  releasing on hosts\n")

# A sparse matrix is not sent again either, by whatever lines; hosts make the form that they lack.
if (requireNamespace("Matrix", quietly = TRUE)) {
  entries <- Matrix::rsparsematrix(2000, 3000, 0.05, dimnames = list(NULL, paste0("c", 1:3000)))
  kinds <- list(columns = entries, triplets = methods::as(entries, "TsparseMatrix"), symmetric = Matrix::crossprod(entries[, 1:900]))
  for (kind in names(kinds)) {
    bytes <- as.numeric(utils::object.size(kinds[[kind]]))
    registerVariables("sparse", list(x = kinds[[kind]]), CLUSTER = cluster)
    calls <- list(
      rows = function(...) memApply("x", 1, function(v) c(length(names(v)), sum(v)), NAMESPACE = "sparse", ..., CONTROL = memControl(simplify = TRUE)),
      columns = function(...) memApply("x", 2, function(v) sum(v != 0), NAMESPACE = "sparse", ..., CONTROL = memControl(simplify = TRUE)),
      blocks = function(...) memBlocks("x", dim, 1, NAMESPACE = "sparse", ...)
    )
    for (what in names(calls)) {
      sent <- bytes_of_call(value <- calls[[what]](CLUSTER = cluster))
      if (!identical(value, calls[[what]](MAX.CORES = 2))) stop(kind, ", ", what, " differ between hosts and one machine")
      cat(sprintf("%s of %s by name: %.4f times the data on the bridge\n", what, kind, sent / bytes))
      stopifnot("what hosts hold is not sent" = sent < 0.1 * bytes)
    }
    releaseVariables("sparse", "x", CLUSTER = cluster)
  }
  cat("ok  sparse matrices by name on hosts\n")
} else {
  cat("skipped: sparse matrices by name on hosts: package Matrix is not installed\n")
}

# explain() of a plan says what one host is expected to need: y, half of X, and the results of two blocks.
plan <- memPlan(memApply(m, 2, function(v, y) v * y, VARS = list(y = y), CLUSTER = cluster, CONTROL = memControl(lazy = TRUE, FUN.VALUE = numeric(1000))))
said <- grep("over 2 hosts, up to 1 worker each: peak .* a host$", format(explain(plan)), value = TRUE)
simulated <- suppressMessages(memSimulate(plan, workers = 1, hosts = 2, profile = 1e-6))$peak
stopifnot(length(said) == 1L, simulated > 0.5 * 8e6, simulated < 1.5 * 8e6)
cat(sprintf("ok %s\n", said))

# memTop(CLUSTER = ): runs that the nodes began.
invisible(parallel::clusterCall(cluster, function() {
  lazy <- memshare::memControl(lazy = TRUE)
  pass <- memshare::memLapply(1:2, function(i) Sys.sleep(60), MAX.CORES = 1, CONTROL = lazy)
  assign("handle", memshare::memRun(waiting = pass, wait = FALSE), globalenv())
}))
until <- Sys.time() + 10
while (nrow((top <- memTop(once = TRUE, CLUSTER = cluster))$runs) < 2L && Sys.time() < until) NULL
stopifnot(identical(top$runs$host, hosts$addresses), identical(top$stages$run, 1:2), all(paste0(hosts$addresses, ":") %in% format(top)))
invisible(parallel::clusterCall(cluster, function() { memshare::cancel(handle); rm(handle, envir = globalenv()); NULL }))
cat("ok  memTop() over hosts\n")

# A host that does not answer is an error that names it, in time; nothing is registered.
stopped <- nodes_on(hosts, 1L)
registerVariables("early", list(a = 1), CLUSTER = stopped)
signalled <- host_run(hosts, 2L, "kill -STOP $(pgrep -n -x R)")
verbs <- list(
  function() registerVariables("late", list(a = 1), CLUSTER = stopped, host_timeout = 1), function() pageList(CLUSTER = stopped, host_timeout = 1)
)
took <- system.time(e <- suppressWarnings(error_of(verbs[[1L]]())))[["elapsed"]]
stopifnot(inherits(e, "memshare_error_cluster"), grepl("node 2 of CLUSTER", conditionMessage(e)), took < 20, !"late.a" %in% pageList())
stopifnot(identical(pageList(CLUSTER = stopped), stats::setNames(list("early.a"), hosts$addresses[[1L]])))
signalled <- host_run(hosts, 2L, "kill -CONT $(pgrep -n -x R)")
for (node in stopped) try(close(node$con), silent = TRUE)
releaseVariables("early", "a")
stopped <- nodes_on(hosts, 1L)
stopifnot(identical(lengths(pageList(CLUSTER = stopped), use.names = FALSE), c(0L, 0L)))
signalled <- host_run(hosts, 2L, "kill -STOP $(pgrep -n -x R)")
took <- system.time(e <- suppressWarnings(error_of(verbs[[2L]]())))[["elapsed"]]
stopifnot(inherits(e, "memshare_error_cluster"), grepl("node 2 of CLUSTER", conditionMessage(e)), took < 20)
signalled <- host_run(hosts, 2L, "kill -CONT $(pgrep -n -x R)")
for (node in stopped) try(close(node$con), silent = TRUE)
cat("ok  a host that does not answer\n")

# The leader dies: calls by name go on with the node that leads then. After stopCluster() the session has its own, for any other cluster.
pairs <- nodes_on(hosts, 2L)
registerVariables("on hosts", list(m = m, y = y, items = items), CLUSTER = pairs)
expected <- named$columns(MAX.CORES = 2)
stopifnot(identical(named$columns(CLUSTER = pairs), expected))
pid <- parallel::clusterCall(pairs[1L], Sys.getpid)[[1L]]
signalled <- host_run(hosts, 1L, sprintf("kill -9 %d", pid))
for (round in 1:2) stopifnot(identical(suppressWarnings(named$columns(CLUSTER = pairs)), expected))
for (node in pairs) try(parallel::stopCluster(structure(list(node), class = c("SOCKcluster", "cluster"))), silent = TRUE)
stopifnot(identical(named$columns(CLUSTER = cluster), expected))
releaseVariables("on hosts", c("m", "y", "items"))
cat("ok  variables outlive a leader and a cluster\n")

parallel::stopCluster(cluster)
# The temporary directory of an R that was killed is R's own matter.
left <- function() grep("^Rtmp", unlist(lapply(1:2, function(i) left_on(hosts, i))), invert = TRUE, value = TRUE)
stopifnot("nothing is left" = soon(function() !length(left()), 20))
