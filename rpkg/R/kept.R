# What is kept of a run so that it can be done again in part (memRedo.R): failed runs, and what the conditions of failed elements know.

# Remembers a failed run whose pages native code keeps, or, of one over several hosts, `parts` of its phases (hosts-earlier.R).
remember_kept <- function(program, run, parts = NULL) {
  program$spec$kept <- program$parts <- NULL
  state$kept <- c(state$kept, list(list(run = run, program = program, session = state$session, parts = parts)))
}

# The runs that are still kept.
still_kept <- function() {
  known <- native(ms_kept_list())$run
  Filter(function(entry) !is.null(entry$parts) || any(entry$run %in% known), state$kept)
}

# What pageList() says of runs that are kept.
kept_pages <- function() {
  unlist(lapply(still_kept(), function(entry) paste0("(kept).", entry$program$labels)))
}

forget_kept <- function() {
  native(ms_kept_clear())
  state$kept <- NULL
}

# Conditions of one run share a token; the program stays as long as one of them does.
new_token <- function(program) {
  token <- new.env(parent = emptyenv())
  token$session <- state$session
  token$id <- state$tokens <- sum(state$tokens, 1)
  if (is.null(state$programs)) state$programs <- new.env(parent = emptyenv())
  program$spec[c("kept", "checkpoint", "again", "again_passes")] <- NULL
  if (!is.null(program$drawn$seed)) program$spec$passes <- lapply(program$spec$passes, seeded, program$drawn$seed)
  program$checkpoint <- program$parts <- program$patch <- NULL
  assign(as.character(token$id), program, envir = state$programs)
  reg.finalizer(token, function(token) {
    if (identical(token$session, state$session)) suppressWarnings(rm(list = as.character(token$id), envir = state$programs))
  })
  token
}

# The conditions of failed elements know the call.
with_token <- function(values, token) {
  if (!is.list(values)) return(values)
  for (i in which(vapply(values, inherits, NA, "memshare_error_element"))) values[[i]]$redo <- token
  values
}

is_failed <- function(item) inherits(item, "memshare_error_element") && is.environment(unclass(item)$redo)

# A pass whose elements have streams of random numbers of their own.
seeded <- function(pass, seed) {
  payload <- unserialize(pass$payload)
  if (!is.null(payload$seed)) return(pass)
  payload$seed <- seed
  pass$payload <- serialize(payload, NULL, xdr = FALSE)
  pass
}

# The results of all elements: those that were done again, and the value's own.
patched <- function(results, value, entry, call) {
  if (!is.list(value) || length(value) != entry$n) {
    abort_input(sprintf("the value of '%s' is no list of its elements any more, so single ones cannot be done again", entry$label), call)
  }
  whole <- as.list(value)
  attributes(whole) <- NULL
  whole[results$places] <- results$values
  list(values = whole, k = NULL)
}
