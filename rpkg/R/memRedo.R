# Redoing what failed: elements of a value, or what a run that failed had not done.

#' Do again what failed
#'
#' `memRedo(value)` takes a value of `memControl(on_error = "collect")` and calls FUN again for the elements that failed, and for no others.
#' `memRedo()` goes on with the last run that failed, or was interrupted, and had `memControl(keep = TRUE)`: with what failed, and with
#' what was not reached.
#' Elements have the same random streams as in the first run (see `memControl(seed = )`).
#'
#' A value knows its failed elements by the conditions in it, and these know the call: its data, FUN and what FUN uses, as they were. So
#' `memRedo(value)` needs nothing else, in the session that made the value. Other items of the value may have been changed meanwhile; they
#' stay. Elements that fail again are conditions in the new value, which can be given to `memRedo()` again. Of several passes (see
#' [memshare-pass]) all elements are done again that the failed ones need or that depend on them: results that passes only hand to each
#' other are gone. A pass that sees all results of a failed one is done again.
#'
#' With `keep = TRUE` the results of a run that ended early (in an error of FUN, by a worker's death, for the time or the memory it may
#' take, by Ctrl-C or [cancel()]) stay in
#' shared memory until `memRedo()` has taken them over, [memshare_gc()] gives them back, or the session ends; [pageList()] shows them. If the
#' second run fails too, what both did is kept.
#'
#' Of a call over several hosts (`CLUSTER`) it is the same, but what was done stays in the memory of this session: blocks of elements whose values have come
#' here. What hosts were at when the call ended is done again.
#'
#' @param value A value of a call with `on_error = "collect"`, or the list of values of a [memRun()] of such passes. Without it the last run
#'   that is kept goes on.
#' @param CLUSTER `NULL`: the workers are those of the first call. Another cluster, as [memApply()] takes it: its nodes, for one whose hosts are
#'   lost. It may be one on this machine. What was kept of a run without several hosts goes on on this machine alone.
#' @return The value, as the first call would have given it.
#' @seealso [memControl()], [memRun()] for `checkpoint`, which survives the session.
#' @examples
#' file <- tempfile()
#' slow <- function(i) if (i == 3 && !file.exists(file)) stop("not ready") else i^2
#' control <- memControl(on_error = "collect")
#' value <- suppressWarnings(memLapply(1:4, slow, MAX.CORES = 1, CONTROL = control))
#' class(value[[3]])
#' invisible(file.create(file))
#' str(memRedo(value))
#' unlink(file)
#' @export
memRedo <- function(value, CLUSTER = NULL) {
  call <- sys.call()
  cluster <- check_cluster(CLUSTER, call)
  if (missing(value)) redo_kept(cluster, call) else redo_value(value, cluster, call)
}

# The program with the nodes of another CLUSTER as its workers.
on_cluster <- function(program, cluster) {
  if (is.null(cluster)) return(program)
  program$cluster <- cluster
  program$spec$cluster <- TRUE
  program$spec$workers <- workers_of(program$order, length(cluster), NULL)
  program
}

# The last run that failed and is kept.
redo_kept <- function(cluster, call) {
  kept <- Filter(function(entry) identical(entry$session, state$session), still_kept())
  if (!length(kept)) {
    abort("kept", "no run that failed or was interrupted is kept: memControl(keep = TRUE) keeps one, until memRedo() or memshare_gc()", call = call)
  }
  last <- kept[[length(kept)]]
  state$kept <- kept[-length(kept)]
  program <- on_cluster(last$program, cluster)
  program$spec$kept <- last$run
  program$parts <- last$parts
  # What hosts did stays until a run has taken it over.
  on.exit(if (!is.null(last$parts) && !through && length(state$kept) < length(kept)) state$kept <- kept)
  through <- FALSE
  program$from <- "memRedo()"
  # Runs that were kept in the meantime are not this one's.
  values <- run_program(program, call)
  through <- TRUE
  one_or_all(values, vapply(program$wanted, `[[`, "", "label"))
}

redo_value <- function(value, cluster, call) {
  values <- list(value)
  token <- token_in(value)
  if (is.null(token) && is.list(value)) {
    values <- unname(unclass(value))
    token <- Reduce(function(a, b) if (is.null(a)) b else a, lapply(values, token_in))
  }
  if (is.null(token)) {
    abort_input("value has no failed elements; memRedo() takes a value of memControl(on_error = \"collect\") in which some failed", call)
  }
  program <- if (identical(token$session, state$session)) state$programs[[as.character(token$id)]]
  if (is.null(program)) abort("kept", "value is of another session, which alone knew its data and FUN; make the call again", call = call)
  if (length(values) != length(program$wanted)) abort_input("value is not what the call gave: it is only a part of it", call)
  again <- lapply(seq_along(values), function(k) failed_in(values[[k]], program$wanted[[k]], token, call))
  asked <- which(lengths(again) > 0L)
  program$spec$again_passes <- vapply(asked, function(k) as.double(program$spec$gather[[program$wanted[[k]]$result]]), 0)
  program$spec$again <- lapply(again[asked], as.double)
  program$patch <- values
  program <- on_cluster(program, cluster)
  program$from <- "memRedo()"
  one_or_all(run_program(program, call), vapply(program$wanted, `[[`, "", "label"))
}

token_in <- function(value) {
  if (!is.list(value)) return(NULL)
  for (item in value) if (is_failed(item)) return(unclass(item)$redo)
  NULL
}

# The places of the failed elements of a value, which must be where they were.
failed_in <- function(value, entry, token, call) {
  if (!is.null(entry$constant) || !is.list(value)) return(integer())
  failed <- which(vapply(value, is_failed, NA))
  if (!length(failed)) return(integer())
  if (isTRUE(entry$how$filtered)) {
    abort_input(sprintf("the value of '%s' is what memFilter() left, and single elements of it cannot be done again: make the call again", entry$label), call)
  }
  moved <- length(value) != entry$n || !all(vapply(value[failed], function(item) identical(unclass(item)$redo, token), NA)) ||
    !identical(as.double(failed), vapply(value[failed], function(item) as.double(item$index), 0, USE.NAMES = FALSE))
  if (moved) abort_input("value is not what the call gave: elements were taken out, or moved", call)
  failed
}
