# What a call over several hosts takes over from an earlier one, and what it leaves for a later one: for memRedo(), and in a checkpoint. Blocks that are
# done come to this session anyway, and so does what FUN said there.
#
# A *part* of a phase: elements `from` to `to` that are done; `values`, in a list for each pass that the phase gives values of, NULL where the caller has
# them; `conditions`, as a run gives them, with the phase's passes by number.

# Where parts may be taken over blocks are this much smaller: what is lost at a failure is what hosts are at.
finer_blocks <- 16L

is_left_over <- function(program) isTRUE(program$spec$keep) || !is.null(program$checkpoint)

# What is done before the call begins: `phases`, the phase of each pass; `parts` of each phase; of a checkpoint `stages`, one a phase, as they stand there.
earlier_of <- function(program, phases, call) {
  spec <- program$spec
  if (!is.null(spec$kept)) {
    abort("cluster", "what this machine did of a run cannot go on over several hosts: call memRedo() without CLUSTER", call = call)
  }
  if (is.null(spec$checkpoint) && is.null(spec$again)) return(list(phases = phases, parts = program$parts))
  # Whatever the number of workers: a board of this machine may have no places for so many.
  spec$workers <- 1L
  stages <- native(ms_hosts_earlier(in_phases(spec, phases)), call)
  # What is known stage by stage is run so.
  for (nth in seq_along(stages)) phases[stages[[nth]]$passes] <- nth
  parts <- lapply(seq_along(stages), function(nth) parts_of_stage(stages[[nth]], which(phases == nth)))
  list(phases = phases, parts = parts, stages = if (!is.null(spec$checkpoint)) stages)
}

parts_in <- function(parts, phase) if (phase <= length(parts)) parts[[phase]]

# The spec for native code, with each pass in its phase.
in_phases <- function(spec, phases) {
  spec$passes <- Map(function(pass, phase) c(pass, list(phase = phase)), spec$passes, phases)
  spec
}

parts_of_stage <- function(stage, at) {
  conditions <- unlist(lapply(stage$notes, function(notes) {
    lapply(seq_along(notes[[1L]]), function(i) list(match(notes[[1L]][[i]], at), notes[[2L]][[i]], notes[[3L]][[i]]))
  }), recursive = FALSE)
  lapply(seq_along(stage$from), function(i) {
    list(from = stage$from[[i]], to = stage$to[[i]], values = stage$values[[i]][order(stage$outputs)], conditions = if (i == 1L) conditions)
  })
}

# Elements of a phase that no part has: `from` and `to` of each range.
ranges_left <- function(n, parts) {
  if (!length(parts)) return(list(from = 1, to = n))
  from <- vapply(parts, `[[`, 0, "from")
  to <- vapply(parts, `[[`, 0, "to")
  by <- order(from)
  starts <- c(1, to[by] + 1)
  ends <- c(from[by] - 1, n)
  list(from = starts[starts <= ends], to = ends[starts <= ends])
}

done_of <- function(parts) sum(vapply(parts, function(part) part$to - part$from + 1, 0))

# Says how much is done already, as of a run on one machine, and notes it in the call's log.
tell_earlier <- function(program, earlier, log) {
  if (is.null(earlier$parts)) return(invisible())
  reused <- numeric(length(program$spec$passes))
  for (phase in seq_along(earlier$parts)) {
    at <- which(earlier$phases == phase)
    done <- done_of(earlier$parts[[phase]])
    reused[at] <- done
    if (done > 0) native(ms_hosts_log_reused(log, as.double(at), done))
  }
  seen <- list(reused = reused, elements = vapply(program$spec$passes, `[[`, 0, "n"))
  tell_reused(seen, program, if (is.null(program$checkpoint)) program$from else paste("checkpoint", program$checkpoint))
}

# What the call leaves: `parts` of each phase, where it is kept, and what could not be written down in its checkpoint (`unlogged`).
new_leaving <- function(program, earlier) {
  list2env(parent = emptyenv(), list(
    keep = isTRUE(program$spec$keep), parts = earlier$parts, checkpoint = program$spec$checkpoint, stages = earlier$stages, unlogged = NULL, through = FALSE
  ))
}

# One more part of a phase is done.
leave_part <- function(leaving, phase, part) {
  if (leaving$keep) leaving$parts[[phase]] <- c(parts_in(leaving$parts, phase), list(part))
  if (is.null(leaving$checkpoint) || !is.null(leaving$unlogged)) return(invisible())
  stage <- leaving$stages[[phase]]
  outputs <- part$values[match(stage$outputs, sort(stage$outputs))]
  said <- part$conditions
  notes <- if (length(said)) {
    list(sort(stage$passes)[vapply(said, function(entry) as.integer(entry[[1L]]), 0L)], vapply(said, function(entry) as.double(entry[[2L]]), 0), lapply(said, `[[`, 3L))
  }
  about <- c(stage$key, part$from - 1, part$to)
  # It is no reason to lose the value.
  leaving$unlogged <- tryCatch(
    native(ms_checkpoint_write(leaving$checkpoint, about, outputs, notes)), memshare_error = function(e) list(reason = conditionMessage(e))
  )
}

# The call is over, whatever ended it.
keep_parts <- function(leaving, program) if (leaving$keep && !leaving$through) remember_kept(program, NULL, leaving$parts)
