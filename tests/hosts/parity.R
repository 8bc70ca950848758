# Three hosts with two nodes each: values, names, errors, warnings, seeds and state are those of one machine; data crosses once; nothing is left.
suppressPackageStartupMessages(library(memshare))
local({
  path <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[[1L]])
  source(file.path(dirname(path), "lib.R"), local = globalenv())
})
hosts <- hosts_up(3L)
cluster <- nodes_on(hosts, 2L)

# All of FUN's side variable is on each host once, whatever the number of its workers: in shared memory, and nothing of it in a process.
# What R is yet to collect is no copy.
memory_of <- function(i) {
  parallel::clusterCall(cluster, gc)
  own <- "cat /proc/[0-9]*/smaps_rollup 2> /dev/null | awk '/^Pss_Anon:/ { kb += $2 } END { print kb }'"
  shared <- "df --output=used -k /dev/shm | tail -n 1"
  1024 * sum(as.numeric(host_run(hosts, i, paste(own, shared, sep = "; "))))
}
side <- stats::rnorm(1e7)
# By its end all workers are there.
invisible(memLapply(1:24, function(i) Sys.sleep(0.2), CLUSTER = cluster))
before <- vapply(1:3, memory_of, 0)
total <- sum(side)
stopifnot(identical(memLapply(1:12, function(i, side) sum(side), VARS = list(side = side), CLUSTER = cluster), rep(list(total), 12L)))
grown <- (vapply(1:3, memory_of, 0) - before) / (8 * length(side))
cat(sprintf("memory of each host beside that of the side variable: %s\n", toString(round(grown, 3))))
stopifnot("each host has one copy" = grown > 0.7 & grown < 1.5)

# A call on the hosts and on this machine alone: what comes of it, with what was said on the way.
outcome <- function(call) {
  said <- character()
  note <- function(c, restart) { said <<- c(said, conditionMessage(c)); invokeRestart(restart) }
  value <- tryCatch(
    withCallingHandlers(call, warning = function(w) note(w, "muffleWarning"), message = function(m) note(m, "muffleMessage")),
    error = function(e) list(class(e), conditionMessage(e), e[c("index", "name", "pass")], class(e$parent))
  )
  list(value, said)
}
checked <- logged <- 0L
same <- function(what, f) {
  memLapply(1, identity, MAX.CORES = 1)
  before <- memLastRun()$run
  there <- outcome(f(CLUSTER = cluster))
  if (!identical(memLastRun()$run, before)) check_run(what, memLastRun())
  here <- outcome(f(MAX.CORES = 2))
  if (!identical(there, here)) { str(list(there = there, here = here)); stop(what, " differs between hosts and one machine") }
  checked <<- checked + 1L
}

# What the hosts did is told as of one machine: chunks that are done cover each element once, and all figures belong together.
check_run <- function(what, run) {
  explain(run)
  hosts <- as.data.frame(run, what = "hosts")
  if (!nrow(hosts)) stop(what, ": the run does not say its hosts")
  stopifnot(hosts$workers <= 2, is.na(hosts$lost), sum(hosts$workers) >= run$workers)
  times <- unlist(as.data.frame(run, what = "workers")[c("joined", "left")])
  stopifnot(times >= 0, times <= run$seconds, run$sent > 0, run$received > 0)
  logged <<- logged + 1L
  if (run$ended != "done") return(invisible())
  document <- memshare:::document_of(run)
  for (stage in document$stages) {
    at <- which(document$run$chunks$stage == stage$id & document$run$chunks$state == "done")
    first <- document$run$chunks$first[at]
    last <- document$run$chunks$last[at]
    if (stage$elements > 0 && !identical(c(first, stage$elements + 1), c(1, last + 1))) stop(what, ": the chunks of a stage are not its elements")
  }
  states <- as.data.frame(run, what = "tasks")$state
  if (any(states != "done")) stop(what, ": not all tasks are done")
}

m <- matrix(as.double(1:6000), 60, dimnames = list(paste0("r", 1:60), paste0("c", 1:100)))
items <- stats::setNames(lapply(1:50, seq_len), paste0("i", 1:50))
y <- stats::rnorm(60)
same("lapply", function(...) memLapply(items, function(v) list(sum(v), NULL, letters[v[1]]), ...))
same("NULL values", function(...) memLapply(1:20, function(v) if (v > 3) v, ...))
same("simplify", function(...) memLapply(items, range, ..., CONTROL = memControl(simplify = TRUE)))
same("FUN.VALUE", function(...) memLapply(items, length, ..., CONTROL = memControl(FUN.VALUE = 0L)))
same("columns", function(...) memApply(m, 2, function(v, y) c(names(v)[2], cor(v, y)), VARS = list(y = y), ...))
same("rows", function(...) memApply(m, 1, function(v) v * 2, ..., CONTROL = memControl(simplify = TRUE)))
same("cells", function(...) memApply(Titanic, c(1, 4), sum, ...))
same("mapply", function(...) memMapply(function(a, b, k) paste(a, b, k), 1:30, m[1, 1:30], MoreArgs = list(k = "x"), ...))
same("filter", function(...) memFilter(items, function(v) length(v) %% 3 == 0, ...))
same("one element", function(...) memLapply(list(a = 1), identity, ...))
same("no element", function(...) memLapply(list(), identity, ...))
same("seeds", function(...) memLapply(1:40, function(i) stats::rnorm(2), ..., CONTROL = memControl(seed = 5)))
same("error", function(...) memLapply(items, function(v) if (length(v) == 37) stop("at 37") else 1, ...))
same("collected errors", function(...) memLapply(items, function(v) if (length(v) > 47) stop("no") else 1, ..., CONTROL = memControl(on_error = "collect", seed = 1))[1:47])
same("warnings and messages", function(...) memLapply(items, function(v) { if (length(v) %% 9 == 0) warning("w"); if (length(v) == 10) message("m"); 1 }, ...))
same("an element that kills", function(...) {
  tryCatch(memLapply(1:12, function(i) if (i == 7) quit("no") else i, ...), memshare_error_worker_died = function(e) e$index)
})
same("element_timeout", function(...) memLapply(1:6, function(i) if (i == 5) Sys.sleep(30) else i, ..., CONTROL = memControl(element_timeout = 0.3)))
options(test.of.hosts = "here")
Sys.setenv(TEST_OF_HOSTS = "there")
setClass("TestOfHosts", representation(x = "numeric"))
setMethod("show", "TestOfHosts", function(object) cat("shown", object@x))
same("state", function(...) memLapply(1:9, function(i) list(getOption("test.of.hosts"), Sys.getenv("TEST_OF_HOSTS"), utils::capture.output(new("TestOfHosts", x = i))), ...))
# Variables that say where things are on a host are its own, as they are now.
places <- function() sort(unique(unlist(memLapply(1:30, function(i) Sys.getenv("R_OF_HOST"), CLUSTER = cluster))))
for (place in c("a", "b")) {
  invisible(parallel::clusterCall(cluster, function(place) Sys.setenv(R_OF_HOST = paste(place, Sys.info()[["nodename"]])), place))
  stopifnot(identical(places(), paste(place, c("host1", "host2", "host3"))))
}
k <- 3
helper <- function(i) i * k
same("surroundings", function(...) memLapply(1:9, function(i) helper(i) + k, ...))
same("registered", function(...) {
  registerVariables("hosts", list(m = m, y = y))
  on.exit(releaseVariables("hosts", c("m", "y")))
  memApply("m", 2, function(v, y) sum(v * y), NAMESPACE = "hosts", VARS = "y", ...)
})
same("a chain", function(...) {
  first <- memLapply(items, function(v) v * 2, ..., CONTROL = memControl(lazy = TRUE))
  memRun(memLapply(first, sum, ..., CONTROL = memControl(lazy = TRUE)))
})

# Each host has a part before any has two.
places <- function(n, on) unlist(memLapply(seq_len(n), function(i) Sys.info()[["nodename"]], CLUSTER = on))
stopifnot(identical(places(6L, cluster), rep(paste0("host", 1:3), each = 2)), identical(places(2L, cluster[c(3L, 5L)]), c("host2", "host3")))

# Blocks, groups and sparse matrices are elements of another kind.
same("column blocks", function(...) memBlocks(m, function(b) list(dim(b), dimnames(b), sum(b)), size = 7, ...))
same("row blocks", function(...) memBlocks(m, function(b) b * 2, 1, size = 11, ...))
same("blocks of a data frame", function(...) memBlocks(iris[1:4], colSums, size = 3, combine = c, ...))
same("combined blocks", function(...) memBlocks(m / 3, crossprod, 1, size = 1, combine = `+`, ...))
same("groups", function(...) memTapply(iris$Sepal.Length, list(iris$Species, iris$Petal.Width > 1), mean, ...))
same("rows of groups", function(...) `attr<-`(memBy(iris, ~ Species, function(rows) rows[2:3, ], ...), "call", NULL))
if (requireNamespace("Matrix", quietly = TRUE)) {
  sparse <- Matrix::rsparsematrix(40, 30, 0.1, dimnames = list(paste0("r", 1:40), NULL))
  others <- list(sparse, methods::as(sparse, "RsparseMatrix"), methods::as(sparse, "TsparseMatrix"), Matrix::forceSymmetric(sparse[1:30, ]), sparse > 0)
  for (x in others) for (margin in 1:2) {
    what <- sprintf("%s by %d", class(x)[[1L]], margin)
    same(what, function(...) memApply(x, margin, function(v) list(names(v), sum(v)), ...))
    for (gives in c("sparseVector", "nonzero")) same(paste(what, gives), function(...) memApply(x, margin, identity, ..., CONTROL = memControl(element = gives)))
    same(paste(what, "blocks"), function(...) memBlocks(x, identity, margin, size = 4, ...))
  }
  same("a registered sparse matrix", function(...) {
    registerVariables("hosts", list(sparse = sparse))
    on.exit(releaseVariables("hosts", "sparse"))
    list(memApply("sparse", 1, sum, NAMESPACE = "hosts", ...), memBlocks("sparse", dim, size = 7, NAMESPACE = "hosts", ...))
  })
}

# What is read as a whole: folds, and passes in VARS.
lazy <- memControl(lazy = TRUE)
same("a fold of few", function(...) memRun(memReduce(memLapply(1:30 / 7, sqrt, ..., CONTROL = lazy), `+`)))
same("a fold of many", function(...) memRun(memReduce(memLapply(1:30000 / 7, sqrt, ..., CONTROL = lazy), `+`, init = 3)))
same("a fold of what is kept", function(...) memRun(memReduce(memFilter(1:5000 / 7, function(x) x > 300, ..., CONTROL = lazy), `+`)))
same("a value in VARS", function(...) {
  centred <- memApply(m, 2, function(v) v - mean(v), ..., CONTROL = memControl(lazy = TRUE, FUN.VALUE = numeric(60)))
  total <- memReduce(memApply(centred, 2, sum, ..., CONTROL = lazy), `+`)
  at <- memApply(centred, 1, function(v, all, total) list(names(v), v[2] * all[3, 4] + total), VARS = list(all = centred, total = total), ..., CONTROL = lazy)
  memRun(list(at = at, total = total, centred = centred))
})
same("names of a value in VARS", function(...) {
  first <- memLapply(items, range, ..., CONTROL = lazy)
  memRun(memMapply(function(a, b, first) list(a, b, first[5]), 1:50, first, VARS = list(first = first), ..., CONTROL = lazy))
})
same("a step", function(...) memRun(memDo(function(sums) summary(unlist(sums)), sums = memLapply(items, sum, ..., CONTROL = lazy))))
same("pairs", function(...) memOuter(m, FUN = cor, block = TRUE, ...))
# Into a variable of this machine, which has a name that something on the hosts has too.
memAllocate("into", "matrix", "double", dim = c(100, 100))
memAllocate("into", "whole", "integer", dim = c(20, 4))
invisible(parallel::clusterCall(cluster[c(1L, 3L, 5L)], function() memshare::memAllocate("into", "matrix", "double", dim = c(100, 100))))
into <- function(name, expr) {
  zeros <- if (name == "matrix") matrix(0, 100, 100) else matrix(0L, 20, 4)
  memWrite("into", name, zeros)
  list(expr, retrieveViews("into", name)[[1L]] + 0)
}
same("pairs into a variable", function(...) into("matrix", memOuter(m, FUN = cor, symmetric = TRUE, size = 7, NAMESPACE = "into", into = "matrix", ...)))
same("blocks of pairs into a variable", function(...) into("matrix", memOuter(m, FUN = cor, block = TRUE, NAMESPACE = "into", into = "matrix", ...)))
same("pairs of items into a variable", function(...) into("whole", memRun(memOuter(1:20, list(1L, 2L, 3L, 4L), function(a, b) a * b, NAMESPACE = "into", into = "whole", ..., CONTROL = memControl(lazy = TRUE)))))
same("a tile that does not fit", function(...) memOuter(1:20, 1:4, function(a, b) 0.5, NAMESPACE = "into", into = "whole", ...))
stopifnot(identical(unlist(parallel::clusterCall(cluster[c(1L, 3L, 5L)], function() sum(memshare::retrieveViews("into", "matrix")$matrix))), rep(0, 3)))
releaseViews("into", c("matrix", "whole"))
memshare_gc("into", cluster)
same("an error behind", function(...) {
  first <- memLapply(items, sum, ..., CONTROL = lazy)
  memRun(memLapply(1:9, function(i, first) if (i == 4) { warning("w"); stop(first[[i]]) }, VARS = list(first = first), ..., CONTROL = lazy))
})
same("an error of a fold", function(...) memRun(memReduce(memLapply(1:5000, identity, ..., CONTROL = lazy), function(a, b) if (b == 77) stop("at 77") else a + b)))

# Each part of X crosses once, and again nothing: the best of three, for a machine that is busy with something else may leave a host so far behind
# that its data is sent to another one.
share_sent <- function() {
  big <- matrix(stats::rnorm(4e6), 2000)
  expected <- apply(big, 2, sum, simplify = FALSE)
  sent <- function() {
    at <- bytes_on_bridge(hosts)
    stopifnot(identical(memApply(big, 2, sum, CLUSTER = cluster), expected))
    (bytes_on_bridge(hosts) - at) / as.numeric(utils::object.size(big))
  }
  c(sent(), sent())
}
sent <- replicate(3L, share_sent())
cat(sprintf("bytes on the bridge beside those of the data: %s the first time, %s the second\n", toString(round(sent[1L, ], 4)), toString(round(sent[2L, ], 4))))
stopifnot(min(sent[1L, ]) < 1.05, min(sent[2L, ]) < 0.01)

# Calls of parallel's own work as before.
stopifnot(identical(unlist(parallel::clusterCall(cluster, function() 1)), rep(1, 6)))
parallel::stopCluster(cluster)

# Nodes that memHosts() starts, by the same means.
cluster <- memHosts(hosts$addresses, workers = c(2, 1, 1), rshcmd = file.path(hosts$dir, "rsh"), master = hosts$session, revtunnel = FALSE)
at <- unlist(memLapply(1:12, function(i) Sys.info()[["nodename"]], CLUSTER = cluster))
stopifnot(length(cluster) == 4L, setequal(at, paste0("host", 1:3)))
parallel::stopCluster(cluster)
stopifnot("nothing is left" = soon(function() !length(unlist(lapply(1:3, function(i) left_on(hosts, i)))), 20))
hosts_down(hosts)
cat(sprintf("%d calls are the same on hosts and on one machine; what %d of them did is told as of one machine\n", checked, logged))
