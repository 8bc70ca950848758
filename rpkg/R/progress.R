# How far a run is, shown while the session waits for it. A run is waited for a while before anything is asked, so that short ones
# cost what they did; then the board's counts are looked at ten times a second.

# Milliseconds: the first wait, and those between two looks.
first_look <- 200L
next_look <- 100L

# Waits for a run's end. `under_way$nodes` are the nodes of its CLUSTER, or NULL; the run's bar is closed however the wait is left.
await_run <- function(run, program, under_way, call) {
  bar <- NULL
  on.exit(if (!is.null(bar)) bar$close(FALSE))
  patience <- if (is.null(under_way$nodes)) first_look else next_look
  looked <- 0L
  shown <- NULL
  while (!isTRUE(native(ms_run_wait(run, patience), call))) {
    if (!is.null(under_way$nodes)) watch_nodes(under_way, run, call)
    looked <- looked + patience
    if (looked < first_look) next
    if (is.null(shown)) {
      shown <- way_to_show(program$progress)
      patience <- if (is.null(under_way$nodes) && is.null(shown$open)) 1000L else next_look
    }
    if (is.null(shown$open)) next
    at <- progress_of(run, program)
    if (is.null(bar)) bar <- shown$open(at$total, program$labels)
    bar$show(at)
  }
  if (is.null(bar)) return(invisible())
  at <- progress_of(run, program)
  bar$show(at)
  bar$close(at$done >= at$total)
  bar <- NULL
}

# How far a run is: `done` and `total` elements of the user's passes, those done `here` and not before the run, `label` of those at work,
# `seconds` since it began, and the seconds `left`, NA as long as nothing is known. What brings results together does not count.
progress_of <- function(run, program) {
  seen <- native(ms_run_progress(run))
  counted <- program$what %in% c("map", "fold", "last")
  done <- sum(seen$done[counted])
  here <- done - sum(seen$reused[counted])
  total <- sum(seen$elements[counted])
  at_work <- unique(program$owner[seen$at_work > 0])
  known <- !is.null(seen) && !is.na(seen$seconds) && here > 0
  list(
    done = done, here = here, total = total, label = if (length(program$labels) > 1L) paste(program$labels[at_work], collapse = ", ") else "",
    seconds = if (known) seen$seconds else NA_real_, left = if (known) seen$seconds * (total - done) / here else NA_real_
  )
}

# "37 % done, 12 s left".
words_of <- function(at) {
  if (!isTRUE(at$total > 0)) return(NULL)
  c(sprintf("%.0f %% done", floor(100 * at$done / at$total)), if (!is.na(at$left)) paste(format_duration(at$left), "left"))
}

# How fast it goes, as far as that is known.
rate_of <- function(at) if (is.na(at$seconds)) "" else format_rate(at$here / max(at$seconds, 1e-9))

# The way in which progress is shown: `open` makes a bar of it, or is NULL where nothing is to be shown. `asked` is what the call
# says. progressr's handlers are told whoever looks, for they were put in place for that.
way_to_show <- function(asked) {
  if (is.null(asked)) asked <- option_progress()
  if (isFALSE(asked)) return(list())
  if (progressr_listens()) return(list(open = bar_of_progressr))
  if (is.null(asked) && (!is_interactive() || option_quiet() || is_knitting() || is_testing())) return(list())
  # cli speaks by messages, which knitr would put into the document.
  list(open = if (!is_knitting() && requireNamespace("cli", quietly = TRUE)) bar_of_cli else bar_of_text)
}

is_interactive <- function() interactive()
is_knitting <- function() isTRUE(getOption("knitr.in.progress"))
is_testing <- function() identical(Sys.getenv("TESTTHAT"), "true")

# Whether progressr's handlers are in place: for the whole session, or by a with_progress() that we are called from.
progressr_listens <- function() {
  if (!isNamespaceLoaded("progressr") || !isTRUE(getOption("progressr.enable", TRUE))) return(FALSE)
  if (isTRUE(tryCatch(progressr::handlers(global = NA), error = function(e) FALSE))) return(TRUE)
  with_progress <- progressr::with_progress
  for (i in seq_len(sys.nframe())) if (identical(sys.function(i), with_progress)) return(TRUE)
  FALSE
}

# A bar has show(at), which takes what progress_of() gives, and close(done).

bar_of_progressr <- function(total, labels) {
  tell <- progressr::progressor(steps = total, on_exit = FALSE, envir = environment())
  told <- 0
  open <- TRUE
  list(
    show = function(at) {
      amount <- at$done - told
      if (amount <= 0) return(invisible())
      told <<- at$done
      # The last step ends it.
      if (told >= total) open <<- FALSE
      if (nzchar(at$label)) tell(message = at$label, amount = amount) else tell(amount = amount)
    },
    close = function(done) {
      if (open) tell(type = "finish", amount = 0)
      open <<- FALSE
    }
  )
}

bar_of_cli <- function(total, labels) {
  # What the format below reads.
  label <- rate <- left <- ""
  id <- cli::cli_progress_bar(
    format = "{label}{cli::pb_bar} {cli::pb_percent} | {cli::pb_current}/{cli::pb_total}{rate}{left}", total = total,
    # All elements may be done before the run is over: the bar is not, until it is closed.
    auto_terminate = FALSE, .auto_close = FALSE, .envir = environment()
  )
  list(
    show = function(at) {
      label <<- if (nzchar(at$label)) paste0(at$label, " ") else ""
      rate <<- if (is.na(at$seconds)) "" else paste0(" | ", rate_of(at))
      left <<- if (is.na(at$left)) "" else sprintf(" | %s left", format_duration(at$left))
      cli::cli_progress_update(set = at$done, id = id)
    },
    close = function(done) cli::cli_progress_done(id = id, result = if (done) "done" else "failed")
  )
}

# Without cli, and in knitr: on standard error.
bar_of_text <- function(total, labels) {
  begun <- elapsed()
  bar <- NULL
  list(
    show = function(at) {
      if (is.null(bar)) {
        if (elapsed() - begun < getOption("cli.progress_show_after", 2)) return(invisible())
        bar <<- utils::txtProgressBar(max = total, style = 3, file = stderr())
      }
      utils::setTxtProgressBar(bar, at$done)
    },
    close = function(done) if (!is.null(bar)) close(bar)
  )
}
