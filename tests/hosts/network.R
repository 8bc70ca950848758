# Two hosts behind links with latency and loss: values are those of one machine, no host is taken for lost, data is not sent again, and a call takes a
# few round trips. Needs a kernel with netem; else it is skipped, with the reason.
suppressPackageStartupMessages(library(memshare))
local({
  path <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[[1L]])
  source(file.path(dirname(path), "lib.R"), local = globalenv())
})
hosts <- hosts_up(2L)
slow <- function(...) {
  for (i in 1:2) {
    said <- suppressWarnings(system2("sh", shQuote(c(file.path(here, "hosts.sh"), "slow", i, hosts$dir, ...)), stdout = TRUE, stderr = TRUE))
    if (is.null(attr(said, "status"))) next
    cat(sprintf("skipped: %s\n", paste(said, collapse = " ")))
    hosts_down(hosts)
    quit(status = 0)
  }
}
slow("delay", "20ms", "2ms", "loss", "1%")
cluster <- nodes_on(hosts, 2L)
m <- matrix(as.double(1:400000), 400)
y <- stats::rnorm(400)
calls <- list(
  columns = function(...) memApply(m, 2, function(v, y) sum(v * y), VARS = list(y = y), ..., CONTROL = memControl(host_timeout = 10)),
  chain = function(...) {
    lazy <- memControl(lazy = TRUE, host_timeout = 10)
    total <- memReduce(memApply(m, 2, sum, ..., CONTROL = lazy), `+`)
    memRun(memLapply(1:20, function(i, total) i * total, VARS = list(total = total), ..., CONTROL = lazy))
  },
  large = function(...) memLapply(1:40, function(i) rep(i, 1e5), ..., CONTROL = memControl(host_timeout = 10))
)
for (what in names(calls)) {
  # A host that is lost would be a warning.
  options(warn = 2)
  took <- system.time(value <- calls[[what]](CLUSTER = cluster))[["elapsed"]]
  options(warn = 0)
  if (!identical(value, calls[[what]](MAX.CORES = 2))) stop(what, " differs between hosts and one machine")
  cat(sprintf("ok  %-8s %.2f s\n", what, took))
}
few <- function() memLapply(1:2, function(i) i, CLUSTER = cluster)
took <- vapply(1:10, function(i) { force(few()); system.time(few())[["elapsed"]] }, 0)
cat(sprintf("a call on two elements: %.3f s, in the median of ten\n", stats::median(took)))
stopifnot("a call takes a few round trips" = stats::median(took) < 0.5)
parallel::stopCluster(cluster)
hosts_down(hosts)
