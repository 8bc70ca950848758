# memWhy() of a task: why it is not running, of a plan, of a run that is over, of a run that goes on. Each gives rows, a reason each,
# and the answer in a sentence.

why_task <- function(x, task, call) {
  task <- check_string(task, "task", call)
  if (inherits(x, "memshare_handle")) {
    handle <- unwrap_pass(x)
    if (handle$status == "running" && !resolved(x)) return(why_live(handle, task, call))
    if (handle$status == "running") return(why_answer(task, "the run is over: collect() gives its value, and memLastRun() what it did"))
    if (!identical(state$last_run$run, handle$run)) return(why_answer(task, sprintf("the run is %s", handle$status)))
    x <- memLastRun()
  }
  document <- document_of(x, chunks = FALSE, call = call)
  at <- task_called(document, task, call)
  if (is.null(document$run)) why_planned(document, at) else why_ran(document, at)
}

# The answer, and the reasons behind it.
why_answer <- function(task, answer, reason = character(), what = character(), detail = character()) {
  rows <- data.frame(reason = reason, what = what, detail = detail, stringsAsFactors = FALSE)
  structure(rows, task = task, answer = answer, class = c("memshare_why_task", "data.frame"))
}

# Which task is meant: by its label, by a pass of its stage, or by the resource that it makes.
task_called <- function(document, name, call) {
  labels <- task_labels(document)
  at <- match(name, labels)
  if (is.na(at)) {
    pass <- match(name, pass_names(document))
    if (!is.na(pass)) at <- document$stages[[document$passes[[pass]]$stage + 1]]$task + 1
  }
  if (is.na(at)) {
    resource <- match(name, field_of(document$resources, "name", ""))
    if (!is.na(resource)) at <- field_of(document$resources[resource], "made_by") + 1
    if (!is.na(resource) && is.na(at)) {
      abort("unknown", sprintf("'%s' is a registered variable, which no task makes; memWhy(namespace, name) says what keeps it", name),
            nearest = character(), call = call)
    }
  }
  if (is.na(at)) unknown_task(name, c(pass_names(document), labels), call)
  at
}

unknown_task <- function(name, known, call) {
  nearest <- native(ms_nearest(name, known), call)
  abort("unknown", sprintf("no pass or task is called '%s'; there is %s", name, quoted(nearest)), nearest = nearest, call = call)
}

# What tasks wait for each other for.
why_words <- c(reads = "reads its results", frees = "its memory goes after it", overwrites = "writes anew what it wrote")

# A plan: nothing runs yet.
why_planned <- function(document, at) {
  task <- document$tasks[[at]]
  waits <- task$waits_for
  labels <- task_labels(document)[field_of(waits, "task", 0) + 1]
  n <- length(waits)
  answer <- if (n) {
    sprintf("nothing runs yet: memRun() runs the plan; then it waits for %s", count_of(n, "task"))
  } else {
    "nothing runs yet: memRun() runs the plan; then it waits for nothing"
  }
  made <- sum(field_of(document$resources[unlist(task$writes) + 1], "bytes", 0))
  budget <- if (length(document$budget) && document$held_back) {
    sprintf("results of about %s, within a budget of %s: stages wait for each other", format_bytes(made), format_bytes(document$budget))
  }
  why_answer(
    task$label, answer, c(rep("waits", n), rep("memory", length(budget))), c(labels, rep("budget", length(budget))),
    c(unname(why_words[field_of(waits, "why", "")]), budget)
  )
}

# A run that is over: what was in its way, and until when.
why_ran <- function(document, at) {
  task <- document$tasks[[at]]
  life <- task$life
  before <- document$tasks[field_of(task$waits_for, "task", 0) + 1]
  ends <- field_of(lapply(before, `[[`, "life"), "ended")
  reason <- ifelse(is.na(ends), "waits", "waited")
  detail <- ifelse(is.na(ends), "never done", sprintf("done %s after the run began", format_seconds(ends)))
  held <- if (document$held_back && length(life$began) && length(life$ready)) life$began - life$ready else 0
  if (held > 1e-3) {
    reason <- c(reason, "memory")
    detail <- c(detail, sprintf("held it back for %s%s", format_seconds(held), of_budget(document)))
  }
  answer <- switch(life$state,
    done = sprintf("it began %s after the run began, and was done after %s", format_seconds(life$began), format_seconds(life$ended)),
    failed = sprintf("FUN failed in it; it began %s after the run began", format_seconds(life$began)),
    stopped = sprintf("it began %s after the run began, and the run ended before it was done", format_seconds(life$began)),
    if (anyNA(ends)) {
      sprintf("it never began: it waited for %s when the run ended", count_of(sum(is.na(ends)), "task"))
    } else {
      "it never began: nothing was in its way when the run ended"
    }
  )
  if (nzchar(document$run$ended$words)) answer <- sprintf("%s; the run: %s", answer, short_text(document$run$ended$words, 120L))
  why_answer(task$label, answer, reason, c(field_of(before, "label", ""), if (held > 1e-3) "budget"), detail)
}

of_budget <- function(document) {
  if (!length(document$budget)) return("")
  sprintf(", to stay within %s", format_bytes(document$budget))
}

# A run that goes on: what its board says now.
why_live <- function(handle, task, call) {
  names <- spec_names(handle$program)
  top <- look_at_runs(call)
  parts <- attr(top, "parts")
  run <- own_run(top, parts$passes, names)
  if (is.na(run)) return(why_answer(task, "the run has not begun: the pool starts its workers, or is at another run"))
  own <- top$stages$run == run
  stages <- top$stages[own, ]
  passes <- parts$passes[own]
  mine <- match(task, c(stages$passes, paste("map", stages$passes)))
  mine <- if (is.na(mine)) stage_with(task, passes) else (mine - 1L) %% nrow(stages) + 1L
  if (is.na(mine)) unknown_task(task, c(names, paste("map", stages$passes)), call)
  workers <- top$workers[top$workers$run == run, ]
  switch(stages$state[[mine]],
    through = why_answer(task, sprintf("it is done: all of its %s have results", count_of(stages$elements[[mine]], "element"))),
    waiting = why_waiting(
      task, stages, passes, parts$waits_for[own][[mine]], mine, list(live = top$runs$live_bytes[[run]], plan = handle$keep$native)
    ),
    why_open(task, stages[mine, ], workers)
  )
}

# The stage that has a pass.
stage_with <- function(pass, passes) match(TRUE, vapply(passes, function(of) pass %in% of, NA))

# The row of this session's run with these passes.
own_run <- function(top, passes, names) {
  own <- which(top$runs$pid == Sys.getpid())
  fit <- own[vapply(own, function(run) setequal(unlist(passes[top$stages$run == run]), names), NA)]
  if (length(fit)) fit[[1L]] else NA_integer_
}

# `waits`: the passes whose results it needs; none, when it waits for memory. `memory`: what the run holds, and the plan's figures.
why_waiting <- function(task, stages, passes, waits, mine, memory) {
  if (!length(waits)) {
    budget <- memory$plan$budget
    holds <- sprintf("the run holds %s%s", format_bytes(memory$live),
                     if (length(budget) && is.finite(budget)) sprintf(" of %s", format_bytes(budget)) else "")
    needs <- memory$plan$resources
    needs <- sum(needs$bytes[needs$scope == "result" & needs$resource %in% passes[[mine]]])
    detail <- if (!is.na(needs) && needs > 0) sprintf("%s; this needs %s more", holds, format_bytes(needs)) else holds
    return(why_answer(task, "memory holds it back: it begins when enough was given back", "memory", "budget", detail))
  }
  far <- vapply(waits, function(pass) {
    at <- stage_with(pass, passes)
    sprintf("%s of %s done", format_count(stages$done[[at]]), count_of(stages$elements[[at]], "element"))
  }, "")
  answer <- sprintf(
    "it waits for %s: it reads all of %s results", count_of(length(waits), "pass", "passes"), if (length(waits) == 1L) "its" else "their"
  )
  why_answer(task, answer, rep("waits", length(waits)), waits, unname(far))
}

# It has begun: who is at it, and what is left to claim.
why_open <- function(task, stage, workers) {
  here <- !is.na(workers$first) & workers$passes == stage$passes
  at <- workers[here, ]
  progress <- sprintf("%s of %s done", format_count(stage$done), count_of(stage$elements, "element"))
  where <- ifelse(
    is.na(at$element), sprintf("at elements %.0f to %.0f", at$first, at$last),
    sprintf("at element %.0f of %.0f to %.0f, for %s", at$element, at$first, at$last, format_seconds(at$seconds))
  )
  claimed <- sum(at$last - at$first + 1)
  left <- stage$elements - stage$done - claimed
  absent <- sum(workers$state == "absent")
  asleep <- sum(workers$state == "asleep")
  answer <- if (nrow(at)) {
    paste0(
      sprintf("it is running, by %s, %s", count_of(nrow(at), "worker"), progress),
      if (left <= 0) "; nothing is left to claim" else sprintf("; %s wait to be claimed", count_of(left, "element"))
    )
  } else if (absent == nrow(workers)) {
    sprintf("no worker has come yet, %s", progress)
  } else {
    sprintf("nobody is at it now, %s: workers are at other passes, or between chunks", progress)
  }
  reason <- c(rep("running", nrow(at)), if (asleep) "asleep", if (absent) "absent")
  what <- c(sprintf("worker %d", at$worker), if (asleep) count_of(asleep, "worker"), if (absent) count_of(absent, "place"))
  why_answer(task, answer, reason, what, c(where, if (asleep) "nothing to claim for them", if (absent) "without a worker"))
}

#' @export
format.memshare_why_task <- function(x, ...) {
  rows <- if (nrow(x)) in_columns(list(x$reason, short_text(x$what, 40L), x$detail), integer(), head = FALSE)
  c(paste0("'", attr(x, "task"), "': ", attr(x, "answer")), rows)
}

#' @export
print.memshare_why_task <- function(x, ...) {
  if (is.null(attr(x, "answer"))) return(NextMethod())
  cat_lines(format(x))
  invisible(x)
}
