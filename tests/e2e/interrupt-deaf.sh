#!/bin/sh
# Ctrl-C while FUN does not let itself be interrupted, on workers of the pool and on nodes of a cluster: the prompt is back at once, the
# workers are killed and new ones made, the nodes are left with their connections closed, and the user is told which.
. "$(dirname "$0")/../lib/helper.sh"
dir=$(mktemp -d)
before=$(segments)

cat > "$dir/session.R" << 'END'
library(memshare)
mark <- commandArgs(TRUE)[[1]]
cluster <- parallel::makePSOCKcluster(2)
nodes <- unlist(parallel::clusterCall(cluster, Sys.getpid))
cat(nodes, file = paste0(mark, "-nodes"))
deaf <- function(v, mark) {
  file.create(paste0(mark, v))
  for (i in 1:100) tryCatch(Sys.sleep(60), interrupt = function(i) NULL)
}
# Ctrl-C comes when both elements have begun; how long the prompt took from then on, and what was said.
interrupted <- function(cluster) {
  unlink(paste0(mark, 1:2))
  wait <- sprintf("(while ! [ -e %s1 -a -e %s2 ]; do sleep 0.05; done; sleep 0.3; date +%%s.%%N > %s-at; kill -INT %d)", mark, mark, mark, Sys.getpid())
  system(wait, wait = FALSE)
  said <- character()
  ended <- withCallingHandlers(
    tryCatch(memLapply(1:2, deaf, VARS = list(mark = mark), MAX.CORES = 2, CLUSTER = cluster, CONTROL = memControl(chunk = 1)),
      interrupt = function(i) "interrupted"
    ),
    memshare_warning_cluster = function(w) {
      said <<- c(said, conditionMessage(w))
      invokeRestart("muffleWarning")
    }
  )
  stopifnot(identical(ended, "interrupted"))
  seconds <- as.numeric(Sys.time()) - as.numeric(readLines(paste0(mark, "-at")))
  cat(sprintf("prompt back after %.2f s\n", seconds))
  if (seconds > 6) stop("too late")
  said
}
memLapply(1:2, identity, MAX.CORES = 2)
stopifnot(!length(interrupted(NULL)))
stopifnot(identical(memLapply(1:4, identity, MAX.CORES = 2), as.list(1:4)))
memLapply(1:2, identity, CLUSTER = cluster)
said <- interrupted(cluster)
stopifnot(length(said) == 2, grepl("node 1 of CLUSTER", said[[1]]), grepl("node 2 of CLUSTER", said[[2]]), grepl("closed", said))
stopifnot(identical(memLapply(1:4, identity, MAX.CORES = 2), as.list(1:4)))
stopifnot(inherits(tryCatch(memLapply(1:4, identity, CLUSTER = cluster), error = identity), "memshare_error_cluster"))
# An interrupt that FUN heeds costs no node.
cluster <- parallel::makePSOCKcluster(2)
memLapply(1:2, identity, CLUSTER = cluster)
deaf <- function(v, mark) {
  file.create(paste0(mark, v))
  Sys.sleep(60)
}
stopifnot(!length(interrupted(cluster)))
stopifnot(identical(memLapply(1:4, identity, CLUSTER = cluster), as.list(1:4)))
stopifnot(identical(parallel::clusterCall(cluster, function() 1), list(1, 1)))
parallel::stopCluster(cluster)
cat("the prompt is back\n")
END

# A shell starts what it puts into the background with SIGINT ignored, which a terminal would not do.
timeout -k 5 120 env --default-signal=INT Rscript --vanilla "$dir/session.R" "$dir/mark" > "$dir/log" 2>&1
status=$?
kill -9 $(cat "$dir/mark-nodes") 2> /dev/null # they sleep on
[ $status -eq 0 ] && grep -q "the prompt is back" "$dir/log" || fail "status $status: $(cat "$dir/log")"
grep "prompt back after" "$dir/log"
[ "$(segments)" = "$before" ] || fail "left: $(segments)"
rm -rf "$dir"
