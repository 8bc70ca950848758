# One phase of a call over several hosts, from R's own thread: blocks are granted (natively: who gets what), data is sent piece by piece, answers are taken as they
# come. At most one call is out to a host, and nothing waits for one without a limit: a host that does not answer in time is lost, its
# connections are closed, and others do what it had not handed in.

# Seconds that a leader waits for something to hand in. Each answer is a sign of life.
poll_wait <- 0.2
# Seconds that blocks before a failed element have to end: the first error counts.
moment_of_grace <- 1

# What came of it, as of a run on one machine. `phase`: the call's `log`, and which of its `passes` these are; `given`, parts that are done
# (hosts-earlier.R); functions: `take` makes a part of what a host handed in, `done` is told of it.
run_phase <- function(program, hosts, call, phase) {
  job <- new_job(program, hosts, call, phase$given)
  run <- begin_over_hosts(job, program, hosts, call, phase)
  on.exit(leave_hosts(run))
  bar <- new_bar(program)
  on.exit(bar$close(FALSE), add = TRUE)
  converse(run, is_settled, bar$show)
  bar$close(TRUE)
  out_of_parts(run$parts)
}

# Speaks with all hosts until there is no more to be said.
converse <- function(run, settled, show = function(run) NULL) {
  while (!settled(run)) {
    for (seat in run$seats) serve(seat, run)
    if (!any(vapply(run$seats, `[[`, NA, "open"))) no_host_left(run)
    hear(run)
    check_time(run)
    show(run)
  }
}

# A *seat* is a host's part in a run, by its leader: when that dies and the host has other nodes, the next has a seat of its own.
begin_over_hosts <- function(job, program, hosts, call, phase) {
  run <- new.env(parent = emptyenv())
  run$job <- job
  run$phase <- phase
  run$call <- call
  run$began <- elapsed()
  run$deadline <- run$began + program$spec$timeout
  run$patience <- program$host_timeout
  # Nobody else is heard while a message is under way: a host that stops within one is lost before others take this session for lost.
  run$stall <- max(run$patience / 4, 1)
  # Seconds that making the parts of a block took at most.
  run$busy <- 0
  run$seats <- list()
  run$parts <- phase$given
  run$done <- done_of(phase$given)
  run$number <- state$hosts_calls
  # Nobody looks for the data of blocks as long as no host has any.
  had <- any(vapply(hosts, function(host) length(host$holds$has) > 0L, NA))
  bytes <- if (had) vapply(seq_along(job$ends), bytes_of_block, 0, job = job) else numeric(length(job$ends))
  run$grants <- native(ms_hosts_begin(job$ends - job$starts + 1, bytes), call)
  for (host in hosts) if (length(host$nodes)) add_seat(run, host)
  run
}

add_seat <- function(run, host) {
  seat <- new.env(parent = emptyenv())
  seat$host <- host
  seat$number <- native(ms_hosts_join(run$grants, blocks_held(run$job, names(host$holds$has))))
  seat$node <- host$nodes[[1L]]
  seat$label <- host$label
  seat$logged <- native(ms_hosts_log_host(run$phase$log, host$label))
  seat$alive <- TRUE
  seat$open <- seat$told <- seat$more <- seat$reading <- seat$writing <- FALSE
  # What is to be said, in order: data, and blocks behind the data that they need.
  seat$queue <- list()
  seat$blocks <- 0L
  seat$coming <- list()
  run$seats[[seat$number]] <- seat
}

is_settled <- function(run) {
  if (!isTRUE(native(ms_hosts_under_way(run$grants)))) return(TRUE)
  !is.null(run$failed) && elapsed() > run$failed + moment_of_grace
}

# Says to a host what is to be said, if it is its turn.
serve <- function(seat, run) {
  if (!seat$alive || seat$open) return(invisible())
  while (grant_next(seat, run)) NULL
  if (!seat$blocks && !length(seat$queue) && !seat$more) return(invisible())
  request <- next_request(seat, run)
  seat$began <- elapsed()
  seat$asked_at <- now_here()
  seat$sent <- sum(vapply(request$pieces, function(piece) length(piece$bytes), 0L))
  seat$writing <- TRUE
  said <- send_call(seat$node, node_again, list("host_poll", list(request)), within_message(seat, run))
  seat$writing <- FALSE
  seat$asked <- elapsed()
  seat$open <- is.null(said)
  if (!is.null(said)) lose(seat, run, paste("its connection failed:", said), died = TRUE)
}

# How long a host may stop in the middle of a message. (MPI has none: a rank takes a whole message, and other ranks do not end when they hear nothing.)
within_message <- function(seat, run) if (is_socket(seat$node)) run$stall else run$patience

# Waits a moment for answers, and takes those that are there.
hear <- function(run) {
  open <- Filter(function(seat) seat$open, run$seats)
  if (!length(open)) return(invisible())
  ready <- heard_from(lapply(open, `[[`, "node"), poll_wait)
  for (seat in open[ready]) take_answer(seat, run)
  for (seat in open[!ready]) {
    if (elapsed() - seat$asked > run$patience + seat$storing) lose_silent(seat, run)
  }
}

take_answer <- function(seat, run) {
  heard_at <- now_here()
  seat$reading <- TRUE
  entry <- receive(list(node = seat$node, open = TRUE), within_message(seat, run))
  seat$reading <- seat$open <- FALSE
  if (entry$stuck) return(lose(seat, run, sprintf("it stopped in the middle of a message, for %g s", whole_limit(run$stall)), died = FALSE))
  answer <- entry$answer
  if (isTRUE(entry$died)) return(lose(seat, run, answer, died = TRUE))
  if (is.list(answer) && !is.null(answer$error)) host_failed(seat, answer$error, run)
  if (!is.list(answer) || is.null(answer$value)) host_failed(seat, list(message = paste(answer, collapse = " ")), run)
  seat$more <- answer$value$more
  note_answer(seat, run, answer$value, heard_at)
  # Only a message that the host does nothing else about tells how fast it comes there.
  if (seat$sent == seat$host$piece) seat$host$rate <- seat$sent / max(elapsed() - seat$began, 1e-6)
  for (piece in answer$value$pieces) take_result(seat, piece, run)
}

# What crossed the network, and when. An answer with data is here when all of it is; another was when it was heard.
note_answer <- function(seat, run, answer, heard_at) {
  received <- sum(vapply(answer$pieces, function(piece) length(piece$bytes), 0L))
  times <- c(seat$asked_at, answer$times, if (received) now_here() else heard_at)
  native(ms_hosts_log_heard(run$phase$log, seat$logged, times, as.double(c(seat$sent, received))))
}

# What a host could not do for a reason of its own, like a full /dev/shm, is no element's.
host_failed <- function(seat, error, run) {
  abort("cluster", sprintf("%s cannot go on: %s", seat$label, error$message), node = seat$host$numbers[[1L]], call = run$call)
}

take_result <- function(seat, piece, run) {
  came <- when_whole(seat, as.character(piece$block), piece)
  if (is.null(came)) return(invisible())
  seat$blocks <- seat$blocks - 1L
  take_block(came[[1L]], piece$block, seat, run)
}

take_block <- function(came, block, seat, run) {
  came$from <- run$job$starts[[block]]
  came$to <- run$job$ends[[block]]
  before <- came$from - 1
  came$conditions <- lapply(came$conditions, function(entry) {
    entry[[2L]] <- entry[[2L]] + before
    entry
  })
  if (is.null(came$error)) came <- run$phase$take(came)
  if (is.null(came$error)) {
    if (!isTRUE(native(ms_hosts_done(run$grants, seat$number, block)))) return(invisible())
    run$done <- run$done + came$to - before
  } else {
    if (!isTRUE(native(ms_hosts_failed(run$grants, seat$number, block)))) return(invisible())
    if (length(came$error$index)) came$error$index <- came$error$index + before
    if (is.null(run$failed)) run$failed <- elapsed()
  }
  native(ms_hosts_log_block(run$phase$log, seat$logged, came$record, before, run$phase$passes))
  came$record <- NULL
  run$parts[[length(run$parts) + 1L]] <- came
  if (is.null(came$error)) run$phase$done(came[c("from", "to", "values", "conditions")])
}

# A host, or its leader, is lost: that costs the blocks that it had not handed in a retry, and blames no element.
lose <- function(seat, run, why, died) {
  seat$queue <- list()
  seat$blocks <- 0L
  host <- seat$host
  native(ms_hosts_lost(run$grants, seat$number))
  native(ms_hosts_log_lost(run$phase$log, seat$logged, why))
  leave_node(host$nodes[[1L]])
  # The other nodes of a host that is silent are no better, but owe nothing.
  if (!died) for (node in host$nodes[-1L]) if (is_socket(node)) leave_node(node)
  if (!died) host$nodes <- host$nodes[1L]
  number <- host$numbers[[1L]]
  forget_seat(seat)
  text <- sprintf("%s was lost: %s; what it had not handed in is done again", seat$label, why)
  warning(memshare_condition("warning", "cluster", text, node = number, call = run$call))
  if (length(host$nodes)) add_seat(run, host)
}

lose_silent <- function(seat, run) {
  lose(seat, run, sprintf("nothing was heard of it for %g s, the limit of memControl(host_timeout = )", run$patience), died = FALSE)
}

no_host_left <- function(run) {
  if (!isTRUE(native(ms_hosts_under_way(run$grants))) || any(vapply(run$seats, `[[`, NA, "alive"))) return(invisible())
  abort("cluster", "no host of CLUSTER is left to work for this call; stop the cluster and make a new one", call = run$call)
}

check_time <- function(run) {
  if (elapsed() > run$deadline) {
    text <- "the run over several hosts took longer than memControl(timeout = ) allows; raise it, or give a CLUSTER of more nodes"
    abort("timeout", text, call = run$call)
  }
}

# The parts brought together: values, conditions in order, the first error, and who died.
out_of_parts <- function(parts) {
  from <- vapply(parts, `[[`, 0, "from")
  if (is.unsorted(from)) parts <- parts[order(from)]
  conditions <- unlist(lapply(parts, `[[`, "conditions"), recursive = FALSE)
  if (length(conditions)) {
    pass <- vapply(conditions, function(entry) as.double(entry[[1L]]), 0)
    element <- vapply(conditions, function(entry) as.double(entry[[2L]]), 0)
    conditions <- conditions[order(pass, element)]
  }
  failing <- parts[!vapply(parts, function(part) is.null(part$error), NA)]
  list(
    values = if (!length(failing)) lapply(seq_along(parts[[1L]]$values), joined_values, parts), conditions = conditions,
    error = if (length(failing)) failing[[1L]]$error,
    stats = list(died = if (length(failing)) failing[[1L]]$died, notes = unique(unlist(lapply(parts, `[[`, "notes"))))
  )
}

# The values of a pass; `places`, of which elements, where the caller has the others.
joined_values <- function(k, parts) {
  has <- !vapply(parts, function(part) is.null(part$values[[k]]), NA)
  places <- if (!all(has)) as.double(unlist(lapply(parts[has], function(part) part$from:part$to)))
  list(values = do.call(c, lapply(parts[has], function(part) part$values[[k]])), places = places)
}

# Ends what hosts are still at, within a second, whatever ended the run; nobody waits longer, for an error or Ctrl-C may be under way. Connections
# in the middle of a message, and those of hosts that do not answer, are closed.
leave_hosts <- function(run) {
  suspendInterrupts({
    native(ms_hosts_end(run$grants))
    deadline <- elapsed() + at_once
    for (seat in run$seats) if (seat$alive && (seat$reading || seat$writing)) drop_seat(seat)
    for (seat in run$seats) if (seat$open) await_last(seat, deadline)
    busy <- Filter(function(seat) seat$alive && (seat$blocks > 0L || seat$more || length(seat$queue) > 0L), run$seats)
    if (length(busy)) end_on(busy, deadline)
    for (seat in run$seats) {
      # What was not sent after all.
      for (item in seat$queue) if (!is.null(item$content)) seat$host$holds$has <- seat$host$holds$has[names(seat$host$holds$has) != item$content]
    }
  })
}

end_on <- function(seats, deadline) {
  asked <- lapply(seats, function(seat) ask_nodes(list(seat$node), node_again, list("host_end", list()), at_once)[[1L]])
  left <- lapply(leave_nodes(asked, max(deadline - elapsed(), 0.1)), `[[`, "open")
  for (seat in seats[as.logical(left)]) forget_seat(seat)
}

await_last <- function(seat, deadline) {
  left <- max(deadline - elapsed(), 0)
  if (!heard_from(list(seat$node), left)) return(drop_seat(seat))
  entry <- receive(list(node = seat$node, open = TRUE), left)
  if (entry$stuck || isTRUE(entry$died)) drop_seat(seat)
  seat$open <- FALSE
}

# Its late answer would be taken for the value of the user's next call.
drop_seat <- function(seat) {
  what <- leave_node(seat$node)
  forget_seat(seat)
  text <- sprintf("%s did not answer in time: %s", seat$label, what)
  warning(memshare_condition("warning", "cluster", text, node = seat$host$numbers[[1L]]))
}

forget_seat <- function(seat) {
  seat$alive <- seat$open <- FALSE
  host <- seat$host
  host$holds$has <- numeric()
  host$holds$named <- character()
  host$nodes <- host$nodes[-1L]
  host$numbers <- host$numbers[-1L]
  host$ids <- host$ids[-1L]
  if (length(host$nodes)) lead_by_next(host)
}

lead_by_next <- function(host) {
  host$label <- node_label(list(node = host$nodes[[1L]]), host$numbers[[1L]])
  host$holds <- held_by(host$ids[[1L]])
}

# How far it is, for whoever wants to see it.
new_bar <- function(program) {
  bar <- open <- NULL
  began <- elapsed()
  show <- function(run) {
    now <- elapsed() - began
    if (is.null(open) && now > first_look / 1000) open <<- list(way_to_show(program$progress)$open)
    if (is.null(open[[1L]])) return(invisible())
    total <- run$job$n
    made <- run$done - done_of(run$phase$given)
    left <- if (made > 0) now * (total - run$done) / made else NA_real_
    at <- list(done = run$done, here = run$done, total = total, label = "", seconds = if (run$done > 0) now else NA_real_, left = left)
    if (is.null(bar)) bar <<- open[[1L]](total, program$labels)
    bar$show(at)
  }
  close <- function(whole) {
    if (!is.null(bar)) bar$close(whole)
    bar <<- NULL
  }
  list(show = show, close = close)
}
