# Mixed calls, errors, kills, and cycles of share and release, for long: memory of session, fork server and workers, descriptors, threads,
# mappings, segments and files stay as they are. A table compares the first third with the last, and growth is a failure.
#
# 60 rounds, or as many as MEMSHARE_SOAK_MINUTES allow (`make soak`); with MEMSHARE_SOAK_RESULTS the table also goes to that file.
library(memshare)
options(memshare.cores = 2)
set.seed(13)
minutes <- as.numeric(Sys.getenv("MEMSHARE_SOAK_MINUTES", "0"))
rounds <- if (minutes > 0) Inf else 60
samples_wanted <- 12

# What is done, one after the other; each is right or stops the script.
x <- matrix(rnorm(200 * 300), 200)
parts <- list(a = rnorm(1000), b = letters, c = data.frame(p = 1:3, q = c("x", NA, "z")))
lazy <- memControl(lazy = TRUE)
calls <- list(
  small = function() stopifnot(identical(memLapply(1:50, function(i) i^2), as.list((1:50)^2))),
  big = function() stopifnot(identical(memLapply(1:6, function(i) rep(i + 0.5, 2e5)), lapply(1:6, function(i) rep(i + 0.5, 2e5)))),
  given = function() stopifnot(identical(memApply(x, 2, sum, CONTROL = memControl(simplify = TRUE)), apply(x, 2, sum))),
  registered = function() {
    registerVariables("soak", list(x = x, w = 2))
    stopifnot(identical(memApply("x", 1, function(v, w) sum(v) * w, NAMESPACE = "soak", VARS = "w"), as.list(apply(x, 1, sum) * 2)))
    memshare_gc("soak")
  },
  cycles = function() {
    for (i in 1:20) {
      namespace <- paste0("cycle", i %% 7)
      registerVariables(namespace, parts)
      views <- retrieveViews(namespace, names(parts))
      stopifnot(identical(views$a[[i]], parts$a[[i]]), identical(views$c, parts$c))
      if (i == 20) stopifnot(identical(memLapply("c", length, NAMESPACE = namespace), list(p = 3L, q = 3L)))
      rm(views)
      releaseViews(namespace, names(parts))
      releaseVariables(namespace, names(parts))
    }
  },
  chain = function() {
    doubled <- memApply(x, 2, function(v) v * 2, CONTROL = lazy)
    total <- memReduce(doubled, `+`, CONTROL = lazy)
    plan <- memPlan(left = memLapply(doubled, function(v, total) sum(v - total), VARS = list(total = total), CONTROL = lazy))
    stopifnot(identical(memRun(plan), memRun(plan)))
  },
  fails = function() {
    e <- tryCatch(memLapply(1:20, function(i) if (i == 13) stop("mine") else i), error = identity)
    stopifnot(inherits(e, "memshare_error_element"), e$index == 13)
  },
  collects = function() {
    value <- suppressWarnings(memLapply(1:20, function(i) if (i == 13) stop("mine") else i, CONTROL = memControl(on_error = "collect")))
    stopifnot(inherits(value[[13]], "memshare_error_element"), identical(value[-13], as.list(1:20)[-13]))
  },
  behind = function() {
    run <- memRun(memLapply(1:40, function(i) i + 1, CONTROL = lazy), wait = FALSE)
    stopifnot(identical(collect(run), as.list(1:40 + 1)))
  },
  cancelled = function() {
    run <- memRun(memLapply(1:40, function(i) Sys.sleep(0.05), CONTROL = lazy), wait = FALSE)
    Sys.sleep(0.02)
    cancel(run)
  },
  dropped = function() memRun(memLapply(1:40, function(i) Sys.sleep(0.02), CONTROL = lazy), wait = FALSE),
  seeded = function() {
    draw <- function(cores) memLapply(1:10, function(i) rnorm(2), MAX.CORES = cores, CONTROL = memControl(seed = 5))
    stopifnot(identical(draw(1), draw(2)))
  },
  written = function() {
    memAllocate("soak", "y", "double", 100)
    memWrite("soak", "y", 7, 1:100)
    stopifnot(identical(memLapply(1:2, function(i, y) y[[i]], NAMESPACE = "soak", VARS = "y"), list(7, 7)))
    memshare_gc("soak")
  }
)
# What is done now and then.
seldom <- list(
  killed = function() {
    run <- memRun(memLapply(1:20, function(i) Sys.sleep(0.02), CONTROL = memControl(lazy = TRUE, retries = 20)), wait = FALSE)
    pids <- memshare:::native(memshare:::ms_pool_status())$pids
    if (length(pids)) tools::pskill(pids[[1]], tools::SIGKILL)
    stopifnot(identical(collect(run), rep(list(NULL), 20)))
  },
  element_kills = function() {
    e <- tryCatch(memLapply(1:4, function(i) if (i == 2) tools::pskill(Sys.getpid(), 9) else i), error = identity)
    stopifnot(inherits(e, "memshare_error_worker_died"), e$index == 2)
  },
  server_killed = function() {
    server <- memshare:::native(memshare:::ms_pool_status())$fork_server
    if (!is.na(server)) tools::pskill(server, tools::SIGKILL)
    calls$small()
    # A session whose fork server died launches its workers, until their settings change.
    options(memshare.idle = getOption("memshare.idle", 600) + 1)
    calls$small()
  },
  fresh = function() stopifnot(identical(memLapply(1:4, function(i) i, CONTROL = memControl(fresh = TRUE)), as.list(1:4))),
  changed = function() {
    methods::setClass("Soak", methods::representation(x = "numeric"), where = globalenv())
    calls$small()
    methods::removeClass("Soak", where = globalenv())
  },
  global_state = function() {
    memLapply(1:2, function(i) options(digits = 3))
    calls$small()
  }
)

# What is measured. Memory is what a process has of its own, in MB.
own_memory <- function(pid) {
  lines <- tryCatch(readLines(sprintf("/proc/%d/status", pid)), error = function(e) character(), warning = function(w) character())
  as.numeric(gsub("[^0-9]", "", grep("^RssAnon", lines, value = TRUE))) / 1024
}
parents <- function(pids) {
  lines <- unlist(lapply(pids, function(pid) tryCatch(readLines(sprintf("/proc/%d/status", pid)), error = function(e) character())))
  setdiff(as.integer(sub("PPid:\\t", "", grep("^PPid", lines, value = TRUE))), Sys.getpid())
}
count <- function(path) length(list.files(path))
logs <- function() list.files(memshare:::worker_directory(), "^worker-[0-9]+[.]log$")
# What stands in the names of this session's segments, as its open lock has it. Other sessions are nobody's business here.
session_chars <- function() {
  open <- Sys.readlink(list.files("/proc/self/fd", full.names = TRUE))
  lock <- grep("/memshare-s.{13}aaaaaaa$", open, value = TRUE)
  stopifnot(length(lock) == 1)
  sub("^.*/memshare-s(.{13})aaaaaaa$", "\\1", lock)
}
largest <- function(pids) max(0, unlist(lapply(pids, own_memory)))
measured <- function() {
  for (i in 1:2) gc(verbose = FALSE)
  memLapply(1:4, function(i) Sys.sleep(0.01))
  Sys.sleep(0.3) # idle workers collect their garbage
  status <- memshare:::native(memshare:::ms_pool_status())
  own <- Sys.getpid()
  c(
    "memory of the session, MB" = own_memory(own),
    "memory of the fork server and its mirror, MB" = largest(c(stats::na.omit(status$fork_server), parents(status$pids))),
    "memory of the largest worker, MB" = largest(status$pids),
    "descriptors" = count("/proc/self/fd"),
    "threads" = count("/proc/self/task"),
    "mappings of segments" = length(grep("memshare-", readLines("/proc/self/maps"), fixed = TRUE)),
    "segments" = length(list.files("/dev/shm", paste0("^memshare-[sh]", session_chars()))),
    "workers" = length(status$pids),
    "files but logs" = length(setdiff(list.files(memshare:::worker_directory()), logs()))
  )
}
# How much more the last third may have than the first.
allowed <- c(8, 4, 8, 4, 0, 2, 0, 0, 2)

round_of <- function(n) {
  calls[[(n - 1) %% length(calls) + 1]]()
  if (n %% 10 == 0) seldom[[(n %/% 10 - 1) %% length(seldom) + 1]]()
}
# Before the first look everything has been done once: code is compiled, caches are there.
warm <- length(seldom) * 10
for (n in seq_len(warm)) round_of(n)
begun <- proc.time()[["elapsed"]]
passed <- function(n) if (minutes > 0) (proc.time()[["elapsed"]] - begun) / (minutes * 60) else (n - warm) / rounds
seen <- list()
while (passed(n) < 1) {
  n <- n + 1
  round_of(n)
  if (passed(n) * samples_wanted >= length(seen) + 1) seen[[length(seen) + 1]] <- measured()
}
seen <- do.call(rbind, seen)
third <- seq_len(nrow(seen) %/% 3)
first <- apply(seen[third, , drop = FALSE], 2, stats::median)
last <- apply(seen[nrow(seen) + 1 - third, , drop = FALSE], 2, stats::median)
grown <- last > first + allowed
rows <- sprintf("| %s | %.1f | %.1f | %s |", colnames(seen), first, last, ifelse(grown, "GROWN", "flat"))
table <- c(
  sprintf("%d rounds in %.0f s on %s.", n - warm, proc.time()[["elapsed"]] - begun, Sys.Date()), "",
  "| median of | first third | last third | |", "|---|---|---|---|", rows
)
writeLines(table)
results <- Sys.getenv("MEMSHARE_SOAK_RESULTS")
if (nzchar(results)) writeLines(table, results)
# Of workers that ended, the last 32 logs with something in them stay.
stopifnot(!any(grown), length(logs()) <= 32 + 2 * getOption("memshare.cores"))
