# Ctrl-C in a session that works on three hosts: the prompt is back within a second or so, the cluster is of use, and no worker is at it any more. Then
# the session is killed: nothing is left on any host.
#
# usage: Rscript tests/hosts/ends.R
local({
  path <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[[1L]])
  source(file.path(dirname(path), "lib.R"), local = globalenv())
})

# The session, which is another process: it says in files how far it is.
session <- function(hosts, said) {
  library(memshare)
  cluster <- nodes_on(hosts, 2L)
  memLapply(1:12, identity, CLUSTER = cluster)
  x <- stats::rnorm(1e6)
  file.create(file.path(said, "begun"))
  at <- tryCatch(memLapply(1:600, function(i, x) { Sys.sleep(0.2); i }, VARS = list(x = x), CLUSTER = cluster), interrupt = function(i) as.numeric(Sys.time()))
  saveRDS(at, file.path(said, "interrupted"))
  saveRDS(memLapply(1:12, function(i) i + 1, CLUSTER = cluster), file.path(said, "again"))
  file.create(file.path(said, "second"))
  memLapply(1:6000, function(i, x) { Sys.sleep(0.2); i }, VARS = list(x = x), CLUSTER = cluster)
}

asked <- commandArgs(TRUE)
if (length(asked) == 2L) {
  session(readRDS(asked[[1L]]), asked[[2L]])
  quit(status = 1)
}

hosts <- hosts_up(3L)
saveRDS(hosts, file.path(hosts$dir, "hosts.rds"))
pid_file <- file.path(hosts$dir, "session.pid")
# In the foreground of a shell of its own, for one in the background ignores SIGINT.
started <- parallel::mcparallel(system2("sh", c("-c", shQuote(sprintf("echo $$ > %s; exec %s --vanilla %s %s %s > %s 2>&1", pid_file, file.path(R.home("bin"), "Rscript"),
  shQuote(script), file.path(hosts$dir, "hosts.rds"), hosts$dir, file.path(hosts$dir, "session.log"))))))
said <- function(what) file.path(hosts$dir, what)
failed <- function() paste(tail(readLines(said("session.log")), 5L), collapse = "\n")
if (!soon(function() file.exists(said("begun")), 60)) stop("the session did not begin: ", failed())
pid <- as.integer(readLines(pid_file))
stopifnot(soon(function() all(vapply(1:3, at_work, 0L, hosts = hosts) >= 4L), 20))
Sys.sleep(1)
at <- as.numeric(Sys.time())
tools::pskill(pid, tools::SIGINT)
# What it wrote before is whole then.
if (!soon(function() file.exists(said("second")), 30)) stop("the session did not go on after Ctrl-C: ", failed())
took <- readRDS(said("interrupted")) - at
stopifnot("the prompt is back in a moment" = took < 3, "the cluster is of use" = identical(readRDS(said("again")), as.list(1:12 + 1)))
stopifnot(!any(grepl("connection was closed", readLines(said("session.log")))))
Sys.sleep(1)
tools::pskill(pid, tools::SIGKILL)
left <- function() unlist(lapply(1:3, function(i) left_on(hosts, i)))
clean <- soon(function() !length(left()), 60)
if (!clean) stop("left behind: ", paste(left(), collapse = ", "))
hosts_down(hosts)
cat(sprintf("ok  Ctrl-C: back after %.2f s; a killed session leaves nothing on any host\n", took))
