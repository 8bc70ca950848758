# The program of one pass over elements that reads no other, as most calls are, with less ado than compile() has. A call like one before it, on other data,
# has its program: what is kept is code and settings, and no data.

compile_one <- function(pass, call) {
  check_profiled(pass, "", call)
  sources <- data_of_one(pass)
  of <- alike(pass, sources$at)
  if (is.null(of)) return(program_of_one(pass, sources, call))
  for (known in state$compiled) if (is_same_data(known$of, of)) return(with_data_of(known, pass, sources$data, call))
  program <- program_of_one(pass, sources, call)
  program$brief <- brief_of(program, verb_of(call))
  program$number <- state$compilations <- sum(state$compilations, 1)
  spec <- program$spec
  spec["data"] <- list(NULL)
  kept <- program[!names(program) %in% c("spec", "order", "cluster")]
  state$compiled <- utils::head(c(list(list(of = of, program = kept, spec = spec)), state$compiled), 16L)
  program
}

# The `data` of a pass, equal data once, and which of it is `at` each of its inputs, its variables and what its code captured, in this order.
data_of_one <- function(pass) {
  all <- c(lapply(pass$inputs, `[[`, "source"), unname(pass$vars), pass$payload$captured)
  data <- list()
  at <- integer(length(all))
  for (i in seq_along(all)) {
    for (k in seq_along(data)) if (is_same_data(data[[k]], all[[i]])) at[[i]] <- k
    if (at[[i]]) next
    data[length(data) + 1L] <- all[i]
    at[[i]] <- length(data)
  }
  list(data = data, at = at)
}

# All that the program of a pass depends on, apart from its data and who does the work; NULL where that is much, or is data itself. By the `number` of a
# kept program others know it again.
alike <- function(pass, at) {
  control <- pass$control
  if (!is.null(pass$groups) || !is.null(pass$filter) || !is.null(pass$runs)) return(NULL)
  if (!is.null(control$checkpoint) || !is.null(control$cost) || !is.null(control$profile)) return(NULL)
  if (length(pass$payload$body) > 65536L || sum(lengths(c(list(pass$names, pass$value_names), pass$shape$outer, pass$shape$inner))) > 400L) return(NULL)
  for (i in seq_along(pass$inputs)) {
    input <- pass$inputs[[i]]
    # What elements cost may go by the sizes of items.
    if (!is.null(input$sizes) || is.null(input$of) && is.null(input$dim)) return(NULL)
    input$of <- kind_of_input(input)
    input$source <- data_name(input$source, "")
    input$code <- NULL
    pass$inputs[[i]] <- input
  }
  pass$vars <- list(lapply(pass$vars, data_name, ""), at)
  pass$fun <- code_of(pass$fun)
  pass$payload <- list(pass$payload$head, pass$payload$body, pass$payload$named)
  pass$cluster <- is.null(pass$cluster)
  pass$dots <- pass$functions <- pass$namespace <- pass$given <- pass$cores <- FALSE
  pass
}

# What is `known` of a program, with the data and what else is not kept.
with_data_of <- function(known, pass, data, call) {
  spec <- known$spec
  spec["data"] <- list(data)
  spec$workers <- workers_of_one(pass, call)
  key <- spec$passes[[1L]]$key
  if (nzchar(key)) recall_profile(key, pass$n)
  # Nothing is set by `$<-`, which looks for the program in all data of what it is given.
  c(known$program, list(spec = spec, order = list(pass), cluster = pass$cluster))
}

workers_of_one <- function(pass, call) workers_of(list(pass), if (is.null(pass$cluster)) pass$cores else length(pass$cluster), call)

program_of_one <- function(pass, sources, call) {
  label <- single_label(pass)
  places <- lapply(sources$at, function(at) list(data = at))
  said <- vapply(pass$inputs, function(input) if (nzchar(input$said)) input$said else "X", "")
  names <- c(said, names(pass$vars), rep(paste("captured by", label), length(pass$payload$captured)))
  named <- mapply(data_name, sources$data, names[!duplicated(sources$at)], USE.NAMES = FALSE)
  inputs <- list()
  shared <- list()
  for (i in seq_along(pass$inputs)) {
    input <- pass$inputs[[i]]
    if (is.null(input$side)) {
      inputs[[length(inputs) + 1L]] <- list(kind = input$cut, data = sources$at[[i]], dim = c(input$dim, input$size), sparse = input$sparse)
    } else {
      shared[[input$side]] <- places[[i]]
    }
  }
  vars <- length(pass$inputs) + seq_along(pass$vars)
  sides <- c(stats::setNames(places[vars], names(pass$vars)), shared)
  captured <- sources$at[-c(seq_along(pass$inputs), vars)]
  passes <- list(spec_of_map(pass, label, inputs, sides, captured))
  spec <- spec_of(stats::setNames(sources$data, named), passes, 1L, workers_of_one(pass, call), pass$control, pass$cluster)
  spec$modes <- mode_of(pass)
  c(checkpoint_fields(pass$control$checkpoint), list(
    spec = spec, order = list(pass), labels = label, owner = 1L, what = "map", wanted = list(wanted_from(pass, 1L, label, nzchar(pass$label))),
    host_timeout = pass$control$host_timeout, workers_per_host = pass$control$workers_per_host, trace = pass$control$trace,
    progress = pass$control$progress, cluster = pass$cluster, elements = pass$n, fresh = pass$control$fresh, named = pass$payload$named
  ))
}
