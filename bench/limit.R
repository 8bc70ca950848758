# What this machine allows in a row of docs/benchmarks.md, in seconds: two forked R processes that have their own copy of the data and do nothing but FUN's
# calls, half of them each, at the same time; and what the session has to do besides, because the value is R's. No chunks, no wake-ups, no checks.

# Medians of the slower one's times, of two processes that do work(items, k) side by side; the first time is not counted.
halves <- function(n, work, rounds) {
  jobs <- lapply(1:2, function(k) {
    parallel::mcparallel({
      mine <- seq(k, n, 2)
      work(mine, k)
      vapply(seq_len(rounds), function(round) system.time(work(mine, k))[["elapsed"]], 0)
    })
  })
  stats::median(do.call(pmax, parallel::mccollect(jobs)))
}

limit_of_items <- function(L, fun, rounds) {
  parts <- lapply(1:2, function(k) L[seq(k, length(L), 2)])
  halves(length(L), function(mine, k) lapply(parts[[k]], fun), rounds)
}

# The session makes a list of single values.
limit_of_small_items <- function(L, fun, rounds) {
  values <- unlist(L)
  limit_of_items(L, fun, rounds) + stats::median(replicate(rounds, system.time(as.list(values))[["elapsed"]]))
}

# What is made is written into shared memory, into files that are there already after the first time.
limit_of_results <- function(n, make, rounds) {
  put <- native_copies()$put
  paths <- in_shared_memory(1:2)
  on.exit(unlink(paths))
  work <- function(mine, k) for (i in seq_along(mine)) {
    value <- make(mine[[i]])
    put(value, paths[[k]], (i - 1) * 8 * length(value))
  }
  halves(n, work, rounds)
}

in_shared_memory <- function(k) file.path("/dev/shm", sprintf("limit-%d-%d", Sys.getpid(), k))
