# Runs with a checkpoint: a directory in which finished chunks are written down, so that the run goes on from there after a crash.

# Folds go up to where so many workers would have them, so that the number of workers is free from run to run.
checkpoint_workers <- 64L

# A directory's name, from the root.
check_checkpoint <- function(dir, call) {
  if (is.null(dir)) return(NULL)
  if (!is.character(dir) || length(dir) != 1L || is.na(dir) || !nzchar(dir)) {
    abort_input(sprintf("checkpoint must be the name of one directory, not %s", describe(dir)), call)
  }
  dir <- path.expand(dir)
  if (startsWith(dir, "/")) dir else file.path(getwd(), dir)
}

# The one checkpoint of some passes.
joint_checkpoint <- function(controls, call) {
  dirs <- unique(unlist(lapply(controls, `[[`, "checkpoint")))
  if (length(dirs) > 1L) abort("plan", "the passes of a plan can have only one checkpoint; give it to memRun(checkpoint = )", call = call)
  dirs
}

# What a program has of its checkpoint: the directory, and where the seed comes that is drawn for its run.
checkpoint_fields <- function(dir) list(checkpoint = dir, drawn = if (!is.null(dir)) new.env(parent = emptyenv()))

# The program with its checkpoint open: `spec` names it, and passes without a seed have that of the checkpoint.
with_checkpoint <- function(program, call) {
  identity <- identity_of(program)
  seed <- strtoi(substr(random_id(), 1L, 7L), 16L)
  opened <- native(ms_checkpoint_open(program$checkpoint, names(identity), unname(identity), seed), call)
  if (!is.null(opened$changed)) changed_identity(program$checkpoint, opened$changed, call)
  program$spec$checkpoint <- opened$id
  # The checkpoint keeps what there is to keep.
  program$spec$keep <- FALSE
  program$drawn$seed <- opened$seed
  program$spec$passes <- lapply(program$spec$passes, seeded, opened$seed)
  program
}

changed_identity <- function(dir, changed, call) {
  what <- if (length(changed) > 3L) c(changed[1:3], sprintf("%d more", length(changed) - 3L)) else changed
  abort(
    "checkpoint",
    sprintf(
      "the checkpoint in %s is of another run, in which this was not the same: %s; give another directory, or remove this one", dir,
      paste(what, collapse = ", ")
    ),
    dir = dir, changed = changed, call = call
  )
}

# Says how much of a run was done before it began: elements of its passes that are `reused`, of all `elements`.
tell_reused <- function(seen, program, from) {
  counted <- program$what %in% c("map", "fold", "last")
  reused <- sum(seen$reused[counted])
  if (!isTRUE(reused > 0) || option_quiet()) return(invisible())
  total <- sum(seen$elements[counted])
  text <- sprintf("%s: %s of %s elements are done already\n", from, format_count(reused), format_count(total))
  message(memshare_condition("message", "reused", text, reused = reused, elements = total))
}

# A checkpoint to which not all could be written is no reason to lose the value.
warn_unlogged <- function(unlogged, program, call) {
  if (is.null(unlogged)) return(invisible())
  what <- unlogged$reason
  if (!is.null(unlogged$needed)) {
    what <- sprintf(
      "%s were needed in %s, and %s were free", format_bytes(unlogged$needed), unlogged$dir, format_bytes(unlogged$free)
    )
  }
  text <- sprintf("the run was not written down to its end in the checkpoint %s: %s", program$checkpoint, what)
  condition <- memshare_condition("warning", "checkpoint", text, call = call)
  warning(structure(c(condition, unlogged[c("needed", "free", "limit", "dir")]), class = class(condition)))
}
