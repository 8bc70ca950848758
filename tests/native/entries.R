# Every `.Call` of the package, every ALTREP class and every method of these, once each with small data: what valgrind and
# gctorture are run over (`make valgrind`, `make torture`; a short form in tests/e2e/torture.R).
#
# MEMSHARE_TORTURE=n has R collect at every n-th allocation within each `.Call`, and from FUN's first element on in workers.
suppressPackageStartupMessages(library(memshare))
namespace <- asNamespace("memshare")
# Of this process alone: others may do the same.
space <- sprintf("entries-%d", Sys.getpid())
step <- as.integer(Sys.getenv("MEMSHARE_TORTURE", "0"))
entries <- grep("^ms_", ls(namespace, all.names = TRUE), value = TRUE)
called <- new.env()

# Stands in front of an entry: counts its calls, and tortures within it alone, since all else is R's.
watch <- function(name) {
  entry <- get(name, namespace)
  watched <- function(...) {
    assign(name, TRUE, called)
    if (step > 0L) {
      gctorture2(step)
      on.exit(gctorture2(0L))
    }
    entry(...)
  }
  unlockBinding(name, namespace)
  assign(name, watched, namespace)
}
for (name in entries) watch(name)

# What memshare gave is what R gives. Sums are of whole numbers: valgrind computes with 64 bits where R has 80.
same <- function(got, wanted) if (!identical(got, wanted)) stop("not the same: ", paste(deparse(sys.call()), collapse = ""), call. = FALSE)
refused <- function(code, class) {
  got <- tryCatch({ code; "no error" }, error = function(e) class(e))
  if (!class %in% got) stop("not refused: ", paste(deparse(sys.call()), collapse = ""), call. = FALSE)
}
simple <- memControl(simplify = TRUE)
# In a worker: from here on it collects as often.
torture <- eval(bquote(function() if (.(step) > 0L) gctorture2(.(step))))

# Views of every class, and what R asks of their methods.
kinds <- list(
  logical = rep(c(TRUE, FALSE, NA), 400L), integer = c(NA, seq_len(1199L)), double = c(NA, NaN, seq_len(1198L) + 0.5),
  complex = complex(real = seq_len(300L), imaginary = 1), raw = as.raw(rep(0:255, 10L)), character = c(NA, "", "\u00e9", sprintf("s%d", 1:597))
)
registerVariables(space, kinds)
views <- retrieveViews(space, names(kinds))
for (kind in names(kinds)) {
  x <- kinds[[kind]]
  v <- views[[kind]]
  stopifnot(memshare:::ms_is_view(v))
  if (step > 0L) gctorture2(step)
  got <- list(length(v), v[[2L]], v[3:40], rev(v)[1:3], unserialize(serialize(v, NULL)), c(v, v)[600L], is.na(v)[1:3])
  duplicate <- v
  duplicate[2L] <- x[[5L]]
  shown <- utils::capture.output(.Internal(inspect(v)))
  if (step > 0L) gctorture2(0L)
  same(got, list(length(x), x[[2L]], x[3:40], rev(x)[1:3], x, c(x, x)[600L], is.na(x)[1:3]))
  same(duplicate[1:3], c(x[[1L]], x[[5L]], x[[3L]]))
  same(v, x)
  stopifnot(any(grepl("memshare view", shown)))
}
stopifnot(sum(views$integer, na.rm = TRUE) == sum(1:1199), !anyNA(views$raw), nchar(views$character[[4L]]) == 2L)
invisible(list(viewList(), pageList(), retrieveMetadata(space, "double")))
refused(retrieveViews(space, "nothing"), "memshare_error")

# Nested data, attributes, S4, code, environments; views that travel.
setClass("Thing", representation(a = "numeric"), where = globalenv())
environment <- new.env()
environment$own <- environment
nested <- list(
  a = 1:3, b = list("x", NULL, factor(c("u", "v"))), c = structure(1:4, dim = c(2L, 2L)), d = quote(f(x)), e = environment, f = function(x) x + 1,
  g = data.frame(p = 1:2, q = c("a", "b")), h = views$double, i = methods::new("Thing", a = 1), j = as.character(1:1200)
)
registerVariables(space, list(nested = nested))
back <- retrieveViews(space, "nested")$nested
same(back[c("a", "b", "c", "d", "g", "h", "i", "j")], nested[c("a", "b", "c", "d", "g", "h", "i", "j")])
registerVariables(space, list(plain = list(p = 1:3, q = "x", r = list(1, 2))))
if (step > 0L) gctorture2(step)
got <- memLapply("plain", length, NAMESPACE = space, MAX.CORES = 2)
if (step > 0L) gctorture2(0L)
same(got, list(p = 3L, q = 1L, r = 2L))
captured <- as.numeric(seq_len(2e5))
same(
  memLapply(nested[c("a", "b", "g")], function(v, big) { torture(); list(length(v), sum(captured), sum(big, na.rm = TRUE)) },
    VARS = list(big = views$double), MAX.CORES = 2, CONTROL = memControl(globals = c("torture", "captured"))),
  lapply(nested[c("a", "b", "g")], function(v) list(length(v), sum(captured), sum(kinds$double, na.rm = TRUE)))
)

# Runs: columns, rows, folds, chains, warnings, errors, handles, progress, cancelled ones.
m <- matrix(as.numeric(1:6000), 300L)
same(memApply(m, 2, function(v) { torture(); sum(v) }, MAX.CORES = 2, CONTROL = simple), apply(m, 2, sum))
same(memApply(m, 1, function(v) { torture(); rev(v) }, MAX.CORES = 2, CONTROL = simple), apply(m, 1, rev))
same(memApply(m, 2, function(v) { torture(); as.character(v) }, MAX.CORES = 1, CONTROL = simple), apply(m, 2, as.character))
same(memReduce(1:40, function(a, b) a + b, MAX.CORES = 2), Reduce(`+`, 1:40))
same(memMapply(function(a, b) a * b, 1:4, 4:1, MAX.CORES = 1, CONTROL = simple), mapply(function(a, b) a * b, 1:4, 4:1))
refused(memLapply(1:4, function(i) { torture(); if (i == 3) stop("three") else i }, MAX.CORES = 2), "memshare_error_element")
same(tryCatch(memLapply(1:2, function(i) { warning("look"); i }, MAX.CORES = 1), warning = function(w) "warned"), "warned")
lazy <- memControl(lazy = TRUE)
squares <- memLapply(1:20, function(i) { torture(); i^2 }, CONTROL = lazy)
plan <- memPlan(memLapply(squares, function(v) v + 1, CONTROL = lazy))
same(unlist(memRun(plan, MAX.CORES = 2)), (1:20)^2 + 1)
handle <- memRun(plan, wait = FALSE, MAX.CORES = 1)
same(unlist(collect(handle)), (1:20)^2 + 1)
slow <- memRun(memLapply(1:4, function(i) { Sys.sleep(30); i }, CONTROL = lazy), wait = FALSE, MAX.CORES = 1)
stopifnot(!resolved(slow))
invisible(utils::capture.output(print(slow), print(summary(slow))))
cancel(slow)
same(memLapply(1:3, function(i) i, MAX.CORES = 1, CONTROL = memControl(progress = TRUE)), as.list(1:3))
cluster <- parallel::makePSOCKcluster(1L, rscript_args = "--vanilla")
same(memLapply(1:4, function(i) i * 2, CLUSTER = cluster), lapply(1:4, function(i) i * 2))
parallel::stopCluster(cluster)

# What is kept of a run, and a cluster of ours.
point <- tempfile()
for (time in 1:2) {
  same(suppressMessages(memLapply(1:4, function(i) i * 2, MAX.CORES = 1, CONTROL = memControl(checkpoint = point))), lapply(1:4, function(i) i * 2))
}
refused(memLapply(1:4, function(i) if (i == 3 && !exists("allowed")) stop("no") else i, MAX.CORES = 1, CONTROL = memControl(keep = TRUE)), "memshare_error_element")
memshare_gc()
cluster <- memCluster(1)
same(parallel::clusterCall(cluster, function(x) length(x), captured), list(length(captured)))
invisible(memshare:::native(memshare:::ms_node_interrupt(0L)))
parallel::stopCluster(cluster)

# Mutual information: each method, classes and numbers, a constant, integers that R has in no one place.
numbers <- c(0.5, 2, 3.5, 1, 7, 4.25)
for (method in c("pde", "rank", "ksg")) stopifnot(mutualinfo(numbers, 1:6, method = method) >= 0, mutualinfo(numbers, rep(2, 6), method = method) == 0)
classes <- c(1, 1, 2, 2, 2, 1)
scores <- memMutualinfo(cbind(numbers), classes, isYDiscrete = TRUE, MAX.CORES = 1)
stopifnot(all.equal(scores[["numbers"]], mutualinfo(numbers, classes, isYDiscrete = TRUE)))
refused(mutualinfo(c(-1e308, 1e308), 1:2), "memshare_error_input")

# Sparse matrices: each type, both forms, all ways to store one, all that FUN may get, starts that R has in no one place, and faults.
if (requireNamespace("Matrix", quietly = TRUE)) {
  sparse <- methods::new("dgCMatrix", i = c(2L, 0L, 1L, 3L), p = 0:4, x = c(1, 2, 0, NA), Dim = c(5L, 4L), Dimnames = list(letters[1:5], NULL))
  dense <- as.matrix(sparse)
  for (margin in 1:2) {
    same(memApply(sparse, margin, identity, MAX.CORES = 1), apply(dense, margin, identity, simplify = FALSE))
    same(memApply(sparse != 0, margin, identity, MAX.CORES = 1), apply(dense != 0, margin, identity, simplify = FALSE))
    same(memApply(methods::as(sparse, "nMatrix"), margin, sum, MAX.CORES = 1, CONTROL = simple), apply(methods::as(sparse, "nMatrix"), margin, sum))
    for (element in c("nonzero", "sparseVector")) memApply(sparse, margin, function(v) { torture(); v }, MAX.CORES = 1, CONTROL = memControl(element = element))
    same(lapply(memBlocks(sparse, identity, margin, 5, MAX.CORES = 1), as.matrix), list(dense))
  }
  for (stored in list(methods::as(sparse, "TsparseMatrix"), Matrix::forceSymmetric(sparse[1:4, ]), methods::new("dtCMatrix", i = 2L, p = c(0L, 1L, 1L, 1L), x = 4, Dim = c(3L, 3L), diag = "U", uplo = "L"))) {
    same(memApply(stored, 1L, identity, MAX.CORES = 1), apply(as.matrix(stored), 1L, identity, simplify = FALSE))
  }
  sparse@i[[1L]] <- 5L
  refused(memApply(sparse, 2, sum), "memshare_error_input")
}

# Files, writing, and what is said of all of it.
file <- tempfile()
writeBin(as.double(1:12), file)
memMap(space, "mapped", file, "double", dim = c(4, 3))
header <- sprintf("%-117s\n", "{'descr': '>f8', 'fortran_order': False, 'shape': (3, 4), }")
start <- as.raw(c(0x93, utf8ToInt("NUMPY"), 1, 0, nchar(header), 0))
writeBin(c(start, charToRaw(header), writeBin(as.double(1:12), raw(), endian = "big")), npy <- tempfile(fileext = ".npy"))
stopifnot(!memAttach(space, "attached", npy))
same(retrieveViews(space, "attached")$attached, matrix(as.double(1:12), 3, byrow = TRUE))
stopifnot(length(memshare:::native(memshare:::ms_file_bytes(charToRaw(npy), 1e6))) == 128 + 96)
same(memApply("mapped", 2, sum, NAMESPACE = space, MAX.CORES = 1, CONTROL = simple), c(10, 26, 42))
memAllocate(space, "empty", "double", c(2, 3))
memWrite(space, "empty", c(5, 6), index = list(NULL, 2))
same(retrieveViews(space, "empty")$empty[, 2L], c(5, 6))
invisible(utils::capture.output(print(memWhy(space, "empty")), print(memTop(once = TRUE)), print(plan), print(explain(plan)), print(squares)))
costly <- memLapply(1:8, function(i) { Sys.sleep(0.001); i }, MAX.CORES = 2)
run <- memLastRun()
profile <- memProfile(run)
memSaveProfile(profile, file)
same(memLapply(1:8, function(i) { Sys.sleep(0.001); i }, MAX.CORES = 2, CONTROL = memControl(profile = file)), costly)
same(memLapply(1:8, function(i) i, MAX.CORES = 2, CONTROL = memControl(schedule = "profiled", profile = memLoadProfile(file))), as.list(1:8))
memSave(run, file)
saved <- memLoad(file)
invisible(utils::capture.output(print(saved), print(summary(saved)), print(memStory(saved, "worker 1")), print(explain(saved)), print(as.data.frame(saved))))
for (format in c("json", "dot", "mermaid", "trace", "html")) stopifnot(nzchar(memExport(saved, format = format)))
memExport(saved, tempfile(fileext = ".dot"))
refused(memWhy(plan, "squars"), "memshare_error")
memSave(plan, file)
invisible(utils::capture.output(print(memLoad(file)), print(memSimulate(plan, workers = 2)), print(memCompare(plan, c("auto", "static"), workers = 2))))
invisible(memSimulate(memLapply(1:20, function(i) i, CONTROL = lazy), workers = 2, profile = 0.01, hosts = 2))
refused(memStory(saved, "wroker 1"), "memshare_error")
rm(plan, handle, slow)
invisible(gc())
old <- options(memshare.log = "info", memshare.dir = tempdir())
carried <- list(a = list(1, "x"), b = new.env())
same(memLapply(1:2, function(i) length(carried), MAX.CORES = 1), list(2L, 2L))
same(memLapply(1:2, function(i) i, MAX.CORES = 1), as.list(1:2))
invisible(memLog())
options(old)
writeLines("damaged", file)
refused(memLoad(file), "memshare_error_record")
refused(memLoadProfile(file), "memshare_error_profile")
memshare:::native(memshare:::ms_profile_forget("none"))
invisible(memshare:::native(memshare:::ms_prune()))
invisible(memshare:::native(memshare:::ms_environment()))
invisible(memshare:::native(memshare:::ms_threads()))
releaseViews(space, names(kinds))
memshare_gc(space)
invisible(gc())
memshare:::native(memshare:::ms_pool_stop())
invisible(memshare:::native(memshare:::ms_cleanup()))

# Who of several hosts gets which block of elements. The hosts themselves are in tests/hosts.
native <- memshare:::native
ends <- native(memshare:::ms_hosts_cut(100, 2L, 1L, 1))
same(native(memshare:::ms_hosts_phases(c(9, 1), list(numeric(), numeric()), list(numeric(), 1))), c(1, 2))
stopifnot(ends[[length(ends)]] == 100, !is.unsorted(ends, strictly = TRUE))
grants <- native(memshare:::ms_hosts_begin(c(60, 40), c(800, 400)))
same(c(native(memshare:::ms_hosts_join(grants, c(0, 1))), native(memshare:::ms_hosts_join(grants, numeric()))), 1:2)
same(c(native(memshare:::ms_hosts_next(grants, 2L, 0, 1e8)), native(memshare:::ms_hosts_next(grants, 1L, 0, 1e8))), 1:2)
stopifnot(native(memshare:::ms_hosts_under_way(grants)), native(memshare:::ms_hosts_done(grants, 2L, 1L)))
invisible(native(memshare:::ms_hosts_lost(grants, 1L)))
same(native(memshare:::ms_hosts_next(grants, 2L, 0, 1e8)), 2L)
stopifnot(native(memshare:::ms_hosts_failed(grants, 2L, 2L)))
invisible(native(memshare:::ms_hosts_under_way(grants)))
invisible(native(memshare:::ms_hosts_end(grants)))
refused(native(memshare:::ms_hosts_under_way(grants)), "memshare_error")

# What such a call did: its record is that of a run here, by which it is a block.
call <- native(memshare:::ms_hosts_log_begin())
same(native(memshare:::ms_hosts_log_host(call, "node 1")), 1L)
same(native(memshare:::ms_hosts_log_host(call, "node 2")), 2L)
now <- as.double(Sys.time())
invisible(native(memshare:::ms_hosts_log_heard(call, 1L, now + c(0, 1, 2, 3) / 1000, c(10, 20))))
refused(native(memshare:::ms_hosts_log_heard(call, 1L, now, 1)), "memshare_error")
invisible(native(memshare:::ms_hosts_log_lost(call, 2L, "its link was cut")))
invisible(memLapply(1:4, function(i) i, MAX.CORES = 1))
invisible(native(memshare:::ms_hosts_log_block(call, 1L, memLastRun()$record, 0, 1)))
invisible(native(memshare:::ms_hosts_log_block(call, 1L, as.raw(1:9), 0, 1)))
invisible(native(memshare:::ms_hosts_log_reused(call, 1, 3)))
invisible(native(memshare:::ms_hosts_log_failed(call, 1L, 3)))
stopifnot(is.null(native(memshare:::ms_hosts_log_end(call, NULL))))
refused(native(memshare:::ms_hosts_log_host(call, "node 3")), "memshare_error")

# What hosts did goes into a checkpoint by this session, and comes from there.
spec <- memshare:::compile(list(memshare:::unwrap_pass(memLapply(1:4, sqrt, CONTROL = lazy))))$spec
dir <- tempfile("checkpoint-")
open_point <- function() native(memshare:::ms_checkpoint_open(dir, "what", "this", 1L))$id
spec$checkpoint <- open_point()
stage <- native(memshare:::ms_hosts_earlier(spec))[[1L]]
same(stage[c("passes", "outputs", "from", "to")], list(passes = 1, outputs = 1, from = numeric(), to = numeric()))
notes <- list(1, 2, list(simpleWarning("two")))
stopifnot(is.null(native(memshare:::ms_checkpoint_write(spec$checkpoint, c(stage$key, 0, 2), list(list("a", 1:9)), NULL))))
stopifnot(is.null(native(memshare:::ms_checkpoint_write(spec$checkpoint, c(stage$key, 2, 3), list(list(NULL)), notes))))
refused(native(memshare:::ms_checkpoint_write(spec$checkpoint, 1, list(), NULL)), "memshare_error")
invisible(native(memshare:::ms_checkpoint_close(spec$checkpoint)))
spec$checkpoint <- open_point()
stage <- native(memshare:::ms_hosts_earlier(spec))[[1L]]
same(stage[c("from", "to", "values")], list(from = 1, to = 3, values = list(list(list("a", 1:9, NULL)))))
same(conditionMessage(stage$notes[[1L]][[3L]][[1L]]), "two")
invisible(native(memshare:::ms_checkpoint_close(spec$checkpoint)))
unlink(dir, recursive = TRUE)

server <- serverSocket(port <- 11000L + Sys.getpid() %% 20000L)
room <- native(memshare:::ms_hosts_send_at_once(port, 2^16))
same(room[[1L]], 1)
stopifnot(room[[2L]] >= 2^16)
close(server)
invisible(native(memshare:::ms_hosts_give_back()))
refused(native(memshare:::ms_hosts_send_at_once(-1L, 1)), "memshare_error")

# Those that only a worker, the process that forks them or a node calls are called there.
missed <- setdiff(entries[!grepl("^ms_(worker|mirror)_", entries)], c(ls(called), "ms_resume", "ms_unpack", "ms_node_listen"))
if (length(missed)) stop("never called: ", toString(missed))
cat(sprintf("%d entries called, %d classes\n", length(ls(called)), length(kinds)))
