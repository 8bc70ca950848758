# What this machine allows in a row of docs/benchmarks.md: two forked R processes that have their own copy of the data and do nothing but FUN's calls, half
# of them each, at the same time; and what the session has to do besides, because the value is R's. No chunks, no checks. They wait in between, as workers do.

# A function that has both do work(items, k) once, and of which end(f) lets them go.
halves <- function(n, work) {
  paths <- tempfile(c("ask1-", "ask2-", "answer1-", "answer2-"))
  for (path in paths) system2("mkfifo", shQuote(path))
  jobs <- lapply(1:2, function(k) {
    parallel::mcparallel({
      ask <- fifo(paths[[k]], "r", blocking = TRUE)
      answer <- fifo(paths[[2L + k]], "w", blocking = TRUE)
      mine <- seq(k, n, 2)
      while (length(readLines(ask, 1L))) {
        work(mine, k)
        writeLines("done", answer)
      }
    })
  })
  asks <- lapply(paths[1:2], fifo, "w", blocking = TRUE)
  answers <- lapply(paths[3:4], fifo, "r", blocking = TRUE)
  function(end = FALSE) {
    if (end) {
      lapply(c(asks, answers), close)
      return(parallel::mccollect(jobs))
    }
    for (ask in asks) writeLines("go", ask)
    for (answer in answers) readLines(answer, 1L)
  }
}

end <- function(limit) invisible(limit(end = TRUE))

limit_of_items <- function(L, fun) {
  parts <- lapply(1:2, function(k) L[seq(k, length(L), 2)])
  halves(length(L), function(mine, k) lapply(parts[[k]], fun))
}

# What is made is written into shared memory, into files that are there already after the first time.
limit_of_results <- function(n, make) {
  put <- native_copies()$put
  halves(n, function(mine, k) {
    for (i in seq_along(mine)) {
      value <- make(mine[[i]])
      put(value, in_shared_memory(k), (i - 1) * 8 * length(value))
    }
  })
}

in_shared_memory <- function(k) file.path("/dev/shm", paste0(space, "-limit-", k))
