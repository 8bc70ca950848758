# The tables of a document: a plan or a run as data frames, one row a thing. Ids of the document, which count from 0, become names.

# One field of each of a list of things; NA where one has none.
field_of <- function(things, field, missing = NA_real_) {
  of <- function(thing) if (is.null(thing[[field]]) || !length(thing[[field]])) missing else thing[[field]]
  vapply(things, of, missing)
}

# Parts of passes that bring results together, and are none that the user asked for.
helper_parts <- c("fold", "bind", "value")

# What ids mean: their names, or another figure of theirs.
names_at <- function(names, ids) names[unlist(ids) + 1]

pass_names <- function(document) field_of(document$passes, "name", "")
task_labels <- function(document) field_of(document$tasks, "label", "")

# The names of the passes of each stage.
stage_names <- function(document) {
  names <- pass_names(document)
  vapply(document$stages, function(stage) paste(names_at(names, stage$passes), collapse = " + "), "")
}

# The same for a picture: of many passes the first, and how many there are besides.
brief_stages <- function(document, most = 22L) {
  names <- pass_names(document)
  vapply(document$stages, function(stage) {
    own <- names_at(names, stage$passes)
    text <- paste(own, collapse = " + ")
    if (length(own) > 2L && nchar(text) > most) text <- sprintf("%s + %d more", short_text(own[[1L]], most - 10L), length(own) - 1L)
    short_text(text, most)
  }, "")
}

# The tasks and resources of a plan, in the columns of a plan's own.
tasks_table <- function(document) {
  tasks <- document$tasks
  labels <- task_labels(document)
  names <- pass_names(document)
  bytes <- field_of(document$resources, "bytes", 0)
  stage <- field_of(tasks, "stage") + 1
  table <- data.frame(
    task = labels, kind = field_of(tasks, "kind", ""),
    passes = vapply(stage, function(s) if (is.na(s)) "" else paste(names_at(names, document$stages[[s]]$passes), collapse = ", "), ""),
    elements = field_of(document$stages, "elements", 0)[stage], step = field_of(tasks, "step", 0),
    waits_for = vapply(tasks, function(task) paste(names_at(labels, field_of(task$waits_for, "task", 0)), collapse = ", "), ""),
    bytes = vapply(tasks, function(task) sum(names_at(bytes, task$writes)), 0), stringsAsFactors = FALSE
  )
  table[order(table$step, seq_along(tasks)), ]
}

resources_table <- function(document) {
  resources <- document$resources
  labels <- task_labels(document)
  made_by <- field_of(resources, "made_by")
  data.frame(
    resource = field_of(resources, "name", ""), scope = field_of(resources, "scope", ""),
    bytes = ifelse(field_of(resources, "guessed", FALSE), NA, field_of(resources, "bytes", 0)),
    born = field_of(resources, "born"), last_read = field_of(resources, "last_use"),
    made_by = ifelse(is.na(made_by), "", labels[made_by + 1]),
    read_by = vapply(resources, function(r) paste(names_at(labels, r$read_by), collapse = ", "), ""), stringsAsFactors = FALSE
  )
}

passes_table <- function(document) {
  passes <- document$passes
  stage <- field_of(passes, "stage", 0)
  tasks <- vapply(document$stages, `[[`, 0, "task")[stage + 1]
  table <- data.frame(
    pass = pass_names(document), part = field_of(passes, "part", ""), stage = stage + 1,
    step = field_of(document$tasks, "step", 0)[tasks + 1],
    elements = field_of(passes, "elements", 0), predicted = field_of(passes, "predicted_fun_seconds"), stringsAsFactors = FALSE
  )
  if (is.null(document$run)) return(table)
  figures <- lapply(passes, `[[`, "figures")
  for (field in c("chunks", "began", "ended", "fun_seconds", "share", "utilisation", "overhead", "mean_chunk", "longest_chunk", "bytes",
                  "retries")) {
    table[[sub("fun_seconds", "fun", field)]] <- field_of(figures, field)
  }
  slowest <- lapply(figures, function(of) if (length(of$slowest)) of$slowest[[1L]])
  table$slowest <- field_of(slowest, "element")
  table$slowest_seconds <- field_of(slowest, "seconds")
  table
}

# The tasks of a run: those of its plan, and when they lived.
lived_tasks <- function(document) {
  lives <- lapply(document$tasks, `[[`, "life")
  table <- tasks_table(document)
  order <- as.integer(rownames(table))
  table$state <- field_of(lives, "state", "")[order]
  for (field in c("ready", "began", "ended")) table[[field]] <- field_of(lives, field)[order]
  rownames(table) <- NULL
  table
}

lived_resources <- function(document) {
  lives <- lapply(document$resources, `[[`, "life")
  cbind(resources_table(document), from = field_of(lives, "from"), until = field_of(lives, "until"))
}

chunks_table <- function(document) {
  chunks <- document$run$chunks
  data.frame(
    stage = stage_names(document)[chunks$stage + 1], number = chunks$number, first = chunks$first, last = chunks$last,
    worker = chunks$worker,
    attempt = chunks$attempt, state = chunks$state, started = chunks$started, ended = chunks$ended, fun = chunks$fun, bytes = chunks$bytes,
    stringsAsFactors = FALSE
  )
}

workers_table <- function(document) {
  workers <- document$run$workers
  data.frame(
    worker = field_of(workers, "worker", 0), pid = field_of(workers, "pid"), joined = field_of(workers, "joined", 0),
    left = field_of(workers, "left", 0), died = field_of(workers, "died", NA_character_), stringsAsFactors = FALSE
  )
}

events_table <- function(document) {
  events <- document$run$events
  task <- field_of(events, "task")
  resource <- field_of(events, "resource")
  stage <- field_of(events, "stage")
  data.frame(
    at = field_of(events, "at", 0), kind = field_of(events, "kind", ""), what = field_of(events, "words", ""),
    task = task_labels(document)[task + 1],
    resource = field_of(document$resources, "name", "")[resource + 1], stage = stage_names(document)[stage + 1],
    worker = field_of(events, "worker"), stringsAsFactors = FALSE
  )
}

# The hosts of a run over several.
hosts_table <- function(document) {
  hosts <- document$run$hosts
  moved <- function(way) vapply(hosts, function(host) sum(host[[way]]$bytes), 0)
  data.frame(
    host = field_of(hosts, "name", ""), workers = field_of(hosts, "workers", 0), elements = field_of(hosts, "elements", 0),
    fun = field_of(hosts, "fun_seconds", 0), utilisation = field_of(hosts, "utilisation", 0), peak = field_of(hosts, "peak_bytes", 0),
    sent = moved("sent"), received = moved("received"), joined = field_of(hosts, "joined", 0), left = field_of(hosts, "left", 0),
    lost = field_of(hosts, "lost", NA_character_), stringsAsFactors = FALSE
  )
}

memory_table <- function(document) data.frame(at = document$run$memory$at, bytes = document$run$memory$bytes)

# Who died in a run, from its document's workers.
deaths_of <- function(workers) {
  dead <- Filter(function(worker) !is.null(worker$died), workers)
  number <- function(field) vapply(dead, function(worker) if (is.null(worker[[field]])) NA_integer_ else as.integer(worker[[field]]), 0L)
  table <- data.frame(worker = number("worker"), pid = number("pid"), how = vapply(dead, `[[`, "", "died"), stringsAsFactors = FALSE)
  table$log <- lapply(dead, function(worker) as.character(worker$last_words))
  table
}
