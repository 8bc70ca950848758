# Hosts for R tests: network namespaces with a shared memory of their own (hosts.sh), and a socket cluster of package parallel with nodes on them.

script <- normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[[1L]]))
here <- dirname(script)
hosts_sh <- function(..., intern = FALSE) {
  arguments <- c(file.path(here, "hosts.sh"), ...)
  if (intern) system2("sh", shQuote(arguments), stdout = TRUE) else system2("sh", shQuote(arguments))
}

# Makes so many hosts; where that is not permitted the script ends, and says so.
hosts_up <- function(count) {
  dir <- tempfile("hosts-")
  dir.create(dir)
  status <- suppressWarnings(system2("sh", shQuote(c(file.path(here, "hosts.sh"), "up", count, dir)), stdout = TRUE, stderr = TRUE))
  code <- attr(status, "status")
  if (identical(code, 77L)) {
    cat(sprintf("skipped: %s\n", paste(status, collapse = " ")))
    quit(status = 0)
  }
  if (!is.null(code)) stop(paste(status, collapse = "\n"))
  addresses <- readLines(file.path(dir, "addresses"))
  list(dir = dir, count = count, session = addresses[[1L]], addresses = addresses[-1L], end = down_at_end(dir))
}

hosts_down <- function(hosts) hosts_sh("down", hosts$dir)

# Also a script that fails leaves no host behind: what is given back is kept as long as the hosts are of use.
down_at_end <- function(dir) {
  kept <- new.env()
  process <- Sys.getpid()
  reg.finalizer(kept, function(e) if (Sys.getpid() == process) hosts_sh("down", dir), onexit = TRUE)
  kept
}

# `nodes` on each host, host by host.
nodes_on <- function(hosts, nodes, on = seq_len(hosts$count)) {
  places <- rep(hosts$addresses[on], each = nodes)
  parallel::makePSOCKcluster(
    places, master = hosts$session, rshcmd = file.path(hosts$dir, "rsh"), setup_timeout = 60,
    port = 11000L + Sys.getpid() %% 1000L + sample.int(8000L, 1L)
  )
}

host_run <- function(hosts, i, command) hosts_sh("run", i, hosts$dir, "sh", "-c", command, intern = TRUE)

# What is on a host that was not there before any session: segments, files, processes.
left_on <- function(hosts, i) c(host_run(hosts, i, "ls /dev/shm"), host_run(hosts, i, "ls /tmp"), host_run(hosts, i, running))

# Processes that are not the host's own.
running <- "ps -e -o comm= | grep -v -e '^sh$' -e sleep -e '^ps$' -e grep || true"

# What is left of sessions that were killed, but for what such a process always leaves: an empty segment by which others see that it is gone, and
# R's temporary directory.
left_by_killed <- function(hosts, i) c(host_run(hosts, i, "find /dev/shm -type f -size +1c"), host_run(hosts, i, running))

# How many workers of memshare, and processes that make them, are on a host.
at_work <- function(hosts, i) length(host_run(hosts, i, "pgrep -f '[w]orker_main'"))

# Waits until something holds, ten seconds at most.
soon <- function(holds, seconds = 10) {
  deadline <- proc.time()[["elapsed"]] + seconds
  repeat {
    if (holds()) return(TRUE)
    if (proc.time()[["elapsed"]] > deadline) return(FALSE)
    Sys.sleep(0.05)
  }
}

bytes_on_bridge <- function(hosts) as.numeric(hosts_sh("bytes", hosts$dir, intern = TRUE))

error_of <- function(expr) tryCatch({ expr; NULL }, error = identity)
