# The program of one pass over elements that reads no other, as most calls are, with less ado than compile() has. A call like one before it, on other data,
# has its program: what is kept is code and settings, and no data.

compile_one <- function(pass, call) {
  check_profiled(pass, "", call)
  of <- alike(pass)
  if (is.null(of)) return(program_of_one(pass, call))
  for (known in state$compiled) if (is_same_data(known$of, of)) return(with_data_of(known$program, pass, call))
  program <- program_of_one(pass, call)
  program$brief <- brief_of(program, call)
  program$number <- state$compilations <- sum(state$compilations, 1)
  kept <- program
  kept$order <- kept$cluster <- NULL
  kept$spec["data"] <- list(NULL)
  state$compiled <- utils::head(c(list(list(of = of, program = kept)), state$compiled), 16L)
  program
}

# All that the program of a pass depends on, apart from its data and who does the work; NULL where that is much, or is data itself. By the `number` of a
# kept program others know it again.
alike <- function(pass) {
  control <- pass$control
  if (length(pass$inputs) != 1L || length(pass$vars) || length(pass$payload$captured)) return(NULL)
  if (!is.null(pass$groups) || !is.null(pass$filter) || !is.null(pass$runs)) return(NULL)
  if (!is.null(control$checkpoint) || !is.null(control$cost) || !is.null(control$profile)) return(NULL)
  if (length(pass$payload$body) > 65536L || sum(lengths(c(list(pass$names, pass$value_names), pass$shape$outer, pass$shape$inner))) > 400L) return(NULL)
  input <- pass$inputs[[1L]]
  # What elements cost may go by the sizes of items.
  if (!is.null(input$sizes) || is.null(input$of) && is.null(input$dim)) return(NULL)
  input$of <- kind_of_input(input)
  input$source <- data_name(input$source, "")
  input$code <- NULL
  pass$inputs <- input
  pass$fun <- code_of(pass$fun)
  pass$payload <- list(pass$payload$head, pass$payload$body, pass$payload$named)
  pass$cluster <- is.null(pass$cluster)
  pass$dots <- pass$functions <- pass$namespace <- pass$given <- pass$cores <- FALSE
  pass
}

with_data_of <- function(program, pass, call) {
  spec <- program$spec
  spec["data"] <- list(list(pass$inputs[[1L]]$source))
  spec$workers <- workers_of_one(pass, call)
  key <- spec$passes[[1L]]$key
  if (nzchar(key)) recall_profile(key, pass$n)
  program$spec <- spec
  program$order <- list(pass)
  program$cluster <- pass$cluster
  program
}

workers_of_one <- function(pass, call) workers_of(list(pass), if (is.null(pass$cluster)) pass$cores else length(pass$cluster), call)

program_of_one <- function(pass, call) {
  label <- single_label(pass)
  cluster <- pass$cluster
  data <- list()
  names <- character()
  put <- function(value, name) {
    for (i in seq_along(data)) if (is_same_data(data[[i]], value)) return(i)
    at <- length(data) + 1L
    data[at] <<- list(value)
    names[[at]] <<- data_name(value, name)
    at
  }
  inputs <- list()
  shared <- list()
  for (input in pass$inputs) {
    place <- put(input$source, if (nzchar(input$said)) input$said else "X")
    if (is.null(input$side)) {
      inputs[[length(inputs) + 1L]] <- list(kind = input$cut, data = place, dim = c(input$dim, input$size), sparse = input$sparse)
    } else {
      shared[[input$side]] <- list(data = place)
    }
  }
  sides <- pass$vars
  for (name in names(sides)) sides[[name]] <- list(data = put(pass$vars[[name]], name))
  sides <- c(sides, shared)
  captured <- integer()
  for (value in pass$payload$captured) captured <- c(captured, put(value, paste("captured by", label)))
  passes <- list(spec_of_map(pass, label, inputs, sides, captured))
  spec <- spec_of(stats::setNames(data, names), passes, 1L, workers_of_one(pass, call), pass$control, cluster)
  c(checkpoint_fields(pass$control$checkpoint), list(
    spec = spec, order = list(pass), labels = label, owner = 1L, what = "map", wanted = list(wanted_from(pass, 1L, label, nzchar(pass$label))),
    host_timeout = pass$control$host_timeout, workers_per_host = pass$control$workers_per_host, modes = mode_of(pass), trace = pass$control$trace,
    progress = pass$control$progress, cluster = cluster, elements = pass$n, fresh = pass$control$fresh, named = pass$payload$named
  ))
}
