# unloadNamespace() gives back memory and processes; a view that R still holds is a clear error (R takes an unloaded package's
# classes away), never a crash.
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
stopifnot(setequal(segments(), before))
# An orphan that nobody reaped yet is dead all the same.
alive <- function(pid) {
  state <- tryCatch(readLines(sprintf("/proc/%d/stat", pid), warn = FALSE), error = function(e) "", warning = function(w) "")
  grepl("^[0-9]+ [(].*[)] [^ZX]", state)
}
for (wait in 1:50) if (any(vapply(pids, alive, NA))) Sys.sleep(0.1) else break
stopifnot(!any(vapply(pids, alive, NA)))
said <- tryCatch(sum(view), error = conditionMessage)
stopifnot(identical(said, sum(x)) || grepl("no ALTREP", said))
library(memshare)
stopifnot(identical(memLapply(1:3, identity, MAX.CORES = 2), as.list(1:3)))
