# unloadNamespace() and detaching give back memory and processes; a view that R still holds stays readable.
library(memshare)
segments <- function() list.files("/dev/shm", "^memshare-")
before <- segments()
x <- rnorm(1e5)
registerVariables("unload", list(x = x))
view <- retrieveViews("unload", "x")$x
pids <- unique(unlist(memLapply(1:8, function(v) {
  Sys.sleep(0.02)
  Sys.getpid()
}, MAX.CORES = 2)))
unloadNamespace("memshare")
Sys.sleep(1)
stopifnot(setequal(segments(), before))
alive <- vapply(pids, function(pid) tools::pskill(pid, 0L), NA)
stopifnot(!any(alive))
stopifnot(identical(sum(view), sum(x)))
library(memshare)
stopifnot(identical(memLapply(1:3, identity, MAX.CORES = 2), as.list(1:3)))
