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

parallel::stopCluster(cluster)
stopifnot("nothing is left" = soon(function() !length(unlist(lapply(1:2, function(i) left_on(hosts, i)))), 20))
