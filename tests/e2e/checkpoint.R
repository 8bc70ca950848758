# A whole session is killed at random moments, again and again, and a next one goes on from its checkpoint: in the end the value is that
# of an undisturbed run, and no chunk was done twice that was written down. MEMSHARE_ELEMENTS, MEMSHARE_KILLS: how much of it.
library(memshare)
n <- as.numeric(Sys.getenv("MEMSHARE_ELEMENTS", "60000"))
kills <- as.integer(Sys.getenv("MEMSHARE_KILLS", "4"))
dir <- tempfile()
out <- tempfile()
script <- tempfile(fileext = ".R")
writeLines(c(
  "library(memshare)",
  sprintf("value <- memLapply(seq_len(%.0f), function(i) { for (k in 1:40) sqrt(k); i + rnorm(1) }, MAX.CORES = 2,", n),
  sprintf("  CONTROL = memControl(checkpoint = '%s', seed = 1, FUN.VALUE = 0))", dir),
  sprintf("saveRDS(value, '%s.part'); file.rename('%s.part', '%s')", out, out, out)
), script)
start <- function() as.integer(system(sprintf("'%s/bin/Rscript' --vanilla '%s' > /dev/null 2>&1 & echo $!", R.home(), script), intern = TRUE))
lives <- function(pid) file.exists(sprintf("/proc/%d/stat", pid)) && !grepl(") Z", readLines(sprintf("/proc/%d/stat", pid), warn = FALSE)[[1L]], fixed = TRUE)
number <- function(bytes) sum(as.integer(bytes) * 256^(seq_along(bytes) - 1L))

# First and last element of each chunk that was written down whole.
logged <- function() {
  found <- NULL
  for (log in list.files(dir, "^chunks", full.names = TRUE)) {
    bytes <- readBin(log, "raw", file.size(log))
    at <- 64
    while (at + 64 <= length(bytes) && (len <- number(bytes[at + 1:8])) > 0 && at + len <= length(bytes)) {
      found <- rbind(found, c(number(bytes[at + 17:24]), number(bytes[at + 25:32])))
      at <- at + len
    }
  }
  found
}

total <- function(chunks) if (is.null(chunks)) 0 else sum(chunks[, 2L] - chunks[, 1L])
killed <- 0L
before <- 0
while (killed < kills) {
  pid <- start()
  # From when it writes something new, so that no session is killed for nothing.
  until <- Sys.time() + 120
  size <- sum(file.size(list.files(dir, "^chunks", full.names = TRUE)))
  while (lives(pid) && sum(file.size(list.files(dir, "^chunks", full.names = TRUE)), na.rm = TRUE) <= size && Sys.time() < until) Sys.sleep(0.01)
  Sys.sleep(runif(1, 0, as.numeric(Sys.getenv("MEMSHARE_WITHIN", "0.05"))))
  if (!lives(pid)) break
  tools::pskill(pid, tools::SIGKILL)
  while (lives(pid)) Sys.sleep(0.01)
  killed <- killed + 1L
  # Its workers know of its death at once.
  Sys.sleep(0.3)
  chunks <- logged()
  stopifnot(total(chunks) >= before)
  before <- total(chunks)
  cat(sprintf("killed %d: %.0f of %.0f elements written down\n", killed, before, n))
}
pid <- start()
until <- Sys.time() + 300
while (lives(pid) && Sys.time() < until) Sys.sleep(0.05)
value <- readRDS(out)
plain <- memLapply(seq_len(n), function(i) { for (k in 1:40) sqrt(k); i + rnorm(1) }, MAX.CORES = 2, CONTROL = memControl(seed = 1, FUN.VALUE = 0))
# A session that is quicker than the next kill ends the run: the long form has room for all of them.
stopifnot(identical(value, plain), killed >= min(kills, 2L))
chunks <- logged()
cat(sprintf("%d kills, %d chunks, %.0f elements written down of %.0f\n", killed, nrow(chunks), total(chunks), n))
# Nothing that was written down was done again.
stopifnot(total(chunks) == n)
unlink(dir, recursive = TRUE)
