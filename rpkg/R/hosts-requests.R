# What the session says to a host in a run over several: blocks are granted, and queued behind the data that they need, and a message takes as much of
# the queue as fits into it. Data that the host has is not queued.

# Grants a host its next block, and queues what it lacks for it.
grant_next <- function(seat, run) {
  job <- run$job
  block <- native(ms_hosts_next(run$grants, seat$number, elapsed() - run$began, seat$host$rate))
  if (!block) return(FALSE)
  if (!seat$told) tell_program(seat, run)
  contents <- queue_block(seat, run, block)
  seat$queue[[length(seat$queue) + 1L]] <- list(grant = list(block = block, from = job$starts[[block]], to = job$ends[[block]], parts = contents))
  seat$blocks <- seat$blocks + 1L
  TRUE
}

# Queues the parts of a block that the host lacks; those that it has are not made. The contents of all.
queue_block <- function(seat, run, block, parts = parts_of_block(run$job, block)) {
  began <- elapsed()
  contents <- contents_of_block(run$job, block, parts)
  for (i in seq_along(contents)) queue_data(seat, run, contents[[i]], parts[[i]])
  run$busy <- max(run$busy, elapsed() - began)
  contents
}

# What a host is told once a run. Data that neither this call nor the last used goes.
tell_program <- function(seat, run) {
  seat$told <- TRUE
  holds <- seat$host$holds
  wanted <- c(names(run$job$common), unlist(run$job$contents), holds$named)
  seat$forget <- setdiff(names(holds$has)[holds$has < run$number - 1], wanted)
  holds$has <- holds$has[!names(holds$has) %in% seat$forget]
  for (content in names(run$job$common)) queue_data(seat, run, content, bytes_to_send(run$job$common[[content]]))
  seat$queue[[length(seat$queue) + 1L]] <- list(program = run$job$program, workers = workers_on(seat$host, run$job$per_host))
}

# `named`: it becomes a variable there. `bytes` are made only where the host lacks them.
queue_data <- function(seat, run, content, bytes, named = FALSE) {
  holds <- seat$host$holds
  known <- content %in% names(holds$has)
  holds$has[[content]] <- run$number
  if (!known) seat$queue[[length(seat$queue) + 1L]] <- list(content = content, bytes = bytes, at = 0, named = named)
}

# Bytes that a host brings into its memory in a second at least, during which it says nothing.
stored_in_second <- 5e7

# As much of the queue as one message takes. `patience`: how long the host is to wait for this session, which may have to make the parts of a block meanwhile.
next_request <- function(seat, run) {
  request <- list(run = run$grants, patience = run$patience + 2 * run$busy, wait = poll_wait, forget = seat$forget, pieces = list(), names = list(), grants = list())
  seat$forget <- NULL
  seat$storing <- 0
  room <- seat$host$piece
  while (length(seat$queue) && room > 0) {
    first <- seat$queue[[1L]]
    if (!is.null(first$content)) {
      total <- length(first$bytes)
      until <- min(total, first$at + room)
      request$pieces[[length(request$pieces) + 1L]] <- list(
        content = first$content, total = total, bytes = first$bytes[(first$at + 1):until], named = first$named
      )
      room <- room - (until - first$at)
      if (until < total) {
        seat$queue[[1L]]$at <- until
        break
      }
      seat$storing <- seat$storing + total / stored_in_second
    } else if (!is.null(first$program)) {
      request[c("program", "workers")] <- first
    } else if (!is.null(first$name)) {
      request$names[[length(request$names) + 1L]] <- first$name
    } else {
      request$grants[[length(request$grants) + 1L]] <- first$grant
    }
    seat$queue <- seat$queue[-1L]
  }
  if (length(seat$queue)) request$wait <- 0
  request
}
