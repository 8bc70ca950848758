# Vectors longer than 2^31 - 1: registered, read in place, and given to FUN, by bytes that are cheap to have (raw).
library(memshare)
available <- grep("^MemAvailable:", readLines("/proc/meminfo"), value = TRUE)
room <- as.numeric(gsub("[^0-9]", "", available)) / 2^20
shm <- as.numeric(strsplit(trimws(system("df -k --output=avail /dev/shm | tail -n 1", intern = TRUE)), " ")[[1]][[1]]) / 2^20
if (room < 8 || shm < 3) {
  cat("skipped: needs 8 GB of memory and 3 GB in /dev/shm\n")
  quit("no")
}
n <- 2^31 + 10
x <- raw(n)
x[n] <- as.raw(7)
x[2^31] <- as.raw(5)
registerVariables("long", list(x = x, m = matrix(1:6, 2)))
rm(x)
view <- retrieveViews("long", "x")$x
stopifnot(length(view) == n, view[n] == as.raw(7), view[2^31] == as.raw(5), view[1] == as.raw(0))
stopifnot(retrieveMetadata("long", "x")$n == n)
seen <- memLapply(1:2, function(i, x) c(length(x), as.integer(x[length(x)])), NAMESPACE = "long", VARS = "x", MAX.CORES = 2)
stopifnot(identical(seen, list(c(n, 7), c(n, 7))))
releaseVariables("long", c("x", "m"))
