# From passes to what native code runs: the *program* of some passes. Its `spec` lists data and passes by number, a pass after all
# that it reads. A pass of the user becomes one pass there; a memReduce() becomes one or two (folds, and the last step); and where
# somebody needs the value of a pass as a whole and not as a plain list, a *bind* pass of one element makes that value. Single values
# by FUN.VALUE that are taken one by one go through a pass that checks each.
#
# Other fields of a program: `order` and `labels`, the user's passes; `owner` and `what`, for each pass of the spec the user's pass
# it belongs to and its part ("map", "fold", "last", "bind", "value"); `wanted`, for each asked value where it comes from; `trace` for
# collecting; `host_timeout`, after which a host of the `cluster` is lost, and `workers_per_host`, where its nodes are not the workers;
# `progress`, whether it is shown; `fresh` and `named`: whether workers must be new, and packages that FUNs name; `checkpoint`, its directory, and
# `drawn`, where the seed comes that is drawn for it; `roles`, for each piece of data the names in VARS under which it is used, "" for any other use.

# `checkpoint`: where its run is written down, if not where the passes say.
compile <- function(roots, labels = character(length(roots)), cores = NULL, split = character(), call = NULL, checkpoint = NULL) {
  order <- in_order(roots)
  if (is.null(checkpoint)) checkpoint <- joint_checkpoint(lapply(order, `[[`, "control"), call)
  cluster <- cluster_of(order, call)
  labels <- labels_of(order, roots, labels)
  b <- list2env(parent = emptyenv(), list(
    checkpoint = checkpoint, order = order, labels = labels$labels, is_named = labels$is_named, split = split, cluster = cluster,
    workers = workers_of(order, if (is.null(cluster)) cores else length(cluster), call),
    data = list(), data_names = character(), groups = character(), roles = list(), passes = list(), owner = integer(), what = character(),
    constants = list(), at = integer(length(order)), value_pass = integer(length(order)), checked_pass = integer(length(order))
  ))
  b$own <- differing(lapply(order, function(pass) if (is.null(pass$payload)) pass$last else pass$payload))
  for (i in seq_along(order)) {
    pass <- order[[i]]
    check_profiled(pass, b$labels[[i]], call)
    if (pass$n == 0) {
      b$constants[[as.character(i)]] <- list(empty_value(pass, call))
    } else if (pass$verb == "reduce") {
      b$at[[i]] <- add_folds(b, i, input_in(pass$inputs[[1L]], i, b), b$labels[[i]])
    } else {
      add_map(b, i)
    }
  }
  finish_program(b, roots, call)
}

# The user's passes, each once, after all that they read. What a pass over nothing reads is not needed.
in_order <- function(roots) {
  order <- list()
  visit <- function(pass) {
    if (place_of(pass, order)) return(invisible())
    if (pass$n > 0) for (source in sources_of(pass)) visit(source)
    order[[length(order) + 1L]] <<- pass
  }
  for (pass in roots) visit(pass)
  order
}

# What people call the passes: as they named them; as FUN's argument; as the variable that was given as X; as FUN; or by number. `is_named` of all but the last.
labels_of <- function(order, roots = list(), given = character()) {
  labels <- character(length(order))
  say <- function(pass, label) {
    at <- place_of(pass, order)
    if (at && !nzchar(labels[[at]])) labels[[at]] <<- label
  }
  for (i in seq_along(roots)) say(roots[[i]], given[[i]])
  for (pass in order) {
    for (name in names(pass$vars)) {
      if (is_pass(pass$vars[[name]]) && !is_numbered(name)) say(unwrap_pass(pass$vars[[name]]), name)
    }
  }
  for (pass in order) for (input in pass$inputs) if (is_pass(input$source)) say(unwrap_pass(input$source), input$said)
  is_named <- nzchar(labels) | vapply(order, function(pass) nzchar(pass$label), NA)
  for (i in seq_along(order)) if (!nzchar(labels[[i]])) labels[[i]] <- single_label(order[[i]], i)
  labels <- gsub(",", ";", labels, fixed = TRUE)
  for (i in which(duplicated(labels))) {
    number <- 2L
    while (paste(labels[[i]], number) %in% labels) number <- number + 1L
    labels[[i]] <- paste(labels[[i]], number)
  }
  list(labels = labels, is_named = is_named)
}

single_label <- function(pass, number = 1L) if (nzchar(pass$label)) pass$label else paste("pass", number)

# How many workers: as the call says, or its passes, or the options; never more than the longest pass has elements.
workers_of <- function(order, cores, call) {
  if (is.null(cores)) for (pass in order) if (!is.null(pass$cores)) cores <- max(cores, pass$cores)
  if (is.null(cores)) cores <- worker_count(NULL, call)
  longest <- 1
  for (pass in order) longest <- max(longest, pass$n)
  as.integer(min(cores, longest))
}

# The one CLUSTER of some passes.
cluster_of <- function(order, call) {
  cluster <- NULL
  for (pass in order) {
    if (is.null(pass$cluster)) next
    if (!is.null(cluster) && !identical(cluster, pass$cluster)) abort("plan", "the passes of a plan can use only one CLUSTER", call = call)
    cluster <- pass$cluster
  }
  cluster
}

# A pass over elements.
add_map <- function(b, i) {
  pass <- b$order[[i]]
  shared <- !vapply(pass$inputs, function(input) is.null(input$side), NA)
  inputs <- lapply(pass$inputs[!shared], input_in, i, b)
  sides <- pass$vars
  for (name in names(sides)) sides[[name]] <- side_in(pass$vars[[name]], name, b)
  for (input in pass$inputs[shared]) sides[[input$side]] <- side_in(input$source, name_of_input(input, b$labels[[i]]), b, role = "")
  at <- add_pass(b, i, "map", spec_of_map(pass, b$labels[[i]], inputs, sides, captured_in(pass$payload, i, b), b$own[[i]]))
  label <- paste(b$labels[[i]], "(combined)")
  b$at[[i]] <- if (!is.null(pass$fold)) {
    add_folds(b, i, list(kind = "each", pass = at), label, "(combined)")
  } else if (is.null(pass$last)) {
    at
  } else {
    add_last(b, i, at, label, "(combined)")
  }
}

# Folds where the values are, while there are many; then the last step, which sees all that is left. `from` is the input that the values come
# from, `label` and `part` are what the last step is called. The number of that step.
add_folds <- function(b, i, from, label, part = "") {
  pass <- b$order[[i]]
  levels <- fold_levels(pass$n, if (is.null(b$checkpoint)) b$workers else checkpoint_workers)
  # Only the results of a pass can be seen whole.
  if (from$kind != "each") levels <- max(levels, 1)
  source <- from$pass
  if (levels > 0) {
    fold <- spec_of_pass(
      paste(b$labels[[i]], "(folds)"), pass$n, list(from), pass$fold, captured_in(pass$fold, i, b), levels = as.integer(levels),
      schedule = part_schedule(pass$control), chunk = chunk_of(pass$control), element_timeout = pass$control$element_timeout,
      key = key_of(pass, "(folds)"), own = b$own[[i]]
    )
    source <- add_pass(b, i, "fold", fold)
  }
  add_last(b, i, source, label, part)
}

# The step that sees all results of the pass numbered `source`.
add_last <- function(b, i, source, label, part) {
  pass <- b$order[[i]]
  whole <- list(kind = "whole", pass = source)
  add_pass(b, i, "last", spec_of_pass(
    label, 1, list(whole), pass$last, captured_in(pass$last, i, b), element_timeout = pass$control$element_timeout,
    key = key_of(pass, part), own = b$own[[i]]
  ))
}

# What is made of it when all passes are there.
finish_program <- function(b, roots, call) {
  order <- b$order
  places <- vapply(roots, place_of, 0L, order)
  needed <- unique(places[!as.character(places) %in% names(b$constants)])
  wanted <- lapply(places, function(i) {
    constant <- b$constants[[as.character(i)]]
    if (!is.null(constant)) return(list(constant = constant, label = b$labels[[i]], is_named = b$is_named[[i]]))
    wanted_from(order[[i]], match(i, needed), b$labels[[i]], b$is_named[[i]])
  })
  control <- joint_control(order)
  spec <- spec_of(stats::setNames(b$data, b$data_names), distinct_keys(b$passes), b$at[needed], b$workers, control, b$cluster)
  c(checkpoint_fields(b$checkpoint), list(
    spec = c(spec, list(modes = vapply(order[needed], mode_of, "", USE.NAMES = FALSE))),
    order = order, labels = b$labels, owner = b$owner, what = b$what, wanted = wanted,
    trace = control$trace, progress = control$progress, cluster = b$cluster,
    roles = b$roles, host_timeout = control$host_timeout, workers_per_host = control$workers_per_host,
    elements = sum(unlist(lapply(order, function(pass) pass$n))), fresh = any(vapply(order, function(pass) pass$control$fresh, NA)),
    named = unique(unlist(lapply(order, function(pass) c(pass$payload$named, pass$fold$named, pass$last$named))))
  ))
}

# Where a wanted value comes from, and how it is made.
wanted_from <- function(pass, result, label, is_named) {
  list(
    result = result, how = how_of(pass), n = pass$n, names = pass$names, unit = pass$unit, value_names = pass$value_names,
    collect = pass$control$on_error == "collect", label = label, is_named = is_named
  )
}

# Of the settings that hold for a whole run, the strictest that a pass asked for.
joint_control <- function(order) {
  controls <- lapply(order, function(pass) pass$control)
  strictest <- function(setting) {
    usual <- default_control()[[setting]]
    values <- unlist(lapply(controls, `[[`, setting))
    changed <- values[values != usual]
    if (length(changed)) min(changed) else usual
  }
  list(
    host_timeout = strictest("host_timeout"), workers_per_host = most_of(lapply(controls, `[[`, "workers_per_host")),
    retries = strictest("retries"), timeout = strictest("timeout"), memory = strictest("memory"), progress = joint_progress(unlist(lapply(controls, `[[`, "progress"))),
    keep = any(vapply(controls, `[[`, NA, "keep")), trace = all(vapply(controls, `[[`, NA, "trace")), measure = all(vapply(controls, `[[`, NA, "measure"))
  )
}

# Progress is shown when a pass asks for it, and else not when one forbids it.
joint_progress <- function(asked) if (length(asked)) any(asked)

# Passes of one run have the same workers: as many as the one that asks for most.
most_of <- function(asked) if (length(unlist(asked))) max(unlist(asked))

# For each name in VARS the numbers of its data: what memRun(VARS = ) may replace.
sides_of <- function(program) {
  names <- setdiff(unique(unlist(program$roles)), "")
  stats::setNames(lapply(names, function(name) which(vapply(program$roles, function(roles) name %in% roles, NA))), names)
}

# The names in VARS whose data is used in another way too, so that it cannot just be replaced.
mixed_of <- function(program) setdiff(unique(unlist(program$roles[lengths(program$roles) > 1L])), "")
