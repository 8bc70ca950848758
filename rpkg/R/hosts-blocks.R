# How a program is cut for several hosts: blocks of elements, the data that all of them need, and the part of each collection that a block needs.
# Data is known by its content, so that a host that has it is not sent it again.

# The job of a run over hosts: `program`, by its content, what leaders are told besides data; `starts` and `ends` of the blocks; `common`, serialized data that every block
# needs, by content; `cuts`, the collections, and how each is cut.
new_job <- function(program, hosts, call, given = NULL) {
  spec <- program$spec
  job <- new.env(parent = emptyenv())
  job$n <- spec$passes[[1L]]$n
  job$per_host <- program$workers_per_host
  cut_left(job, program, hosts, given, call)
  job$common <- job$contents <- job$bytes <- list()
  told <- lapply(spec$passes, pass_for_hosts)
  job$cuts <- list()
  whole <- integer()
  for (i in seq_along(told)) {
    sides <- vapply(told[[i]]$sides, `[[`, 0, "data")
    whole <- unique(c(whole, sides, told[[i]]$captured))
  }
  job$hosts <- hosts
  shared <- vapply(whole, function(at) add_source(job, spec$data[[at]]), "")
  for (i in seq_along(told)) {
    told[[i]]$sides <- lapply(told[[i]]$sides, function(side) list(data = match(side$data, whole)))
    told[[i]]$captured <- match(told[[i]]$captured, whole)
    told[[i]]$inputs <- lapply(told[[i]]$inputs, input_for_hosts, job, spec$data, length(whole), call)
  }
  spec[c("keep", "checkpoint", "again", "again_passes")] <- NULL
  spec[c("passes", "data_names", "data")] <- list(told, c(spec$data_names[whole], vapply(job$cuts, `[[`, "", "name")), NULL)
  spec$cluster <- FALSE
  spec$timeout <- Inf
  cut_there <- lapply(job$cuts, function(cut) if (!is.null(cut$whole)) c(cut$of, form = cut$form))
  told_state <- state_for_hosts(job, program)
  of <- if (!is.null(program$number)) list(program$number, spec$workers, cut_there, told_state, shared)
  piece <- state$program_piece
  # The same call again is known by its content too.
  if (is.null(of) || !identical(piece$of, of)) {
    piece <- as_piece(list(
      spec = spec, shared = shared, whole = cut_there, trace = program$trace, title = program$brief$title,
      state = told_state
    ), of)
    if (!is.null(of)) state$program_piece <- piece
  }
  job$program <- add_piece(job, piece)
  job
}

# Cuts what is left of the elements.
cut_left <- function(job, program, hosts, given, call) {
  least <- max(vapply(hosts, workers_on, 0L, job$per_host))
  unit <- fold_width^max(vapply(program$spec$passes, `[[`, 0L, "levels"))
  parts <- length(hosts) * if (is_left_over(program)) finer_blocks else 1L
  left <- ranges_left(job$n, given)
  job$starts <- job$ends <- numeric()
  for (i in seq_along(left$from)) {
    from <- left$from[[i]]
    ends <- from - 1 + native(ms_hosts_cut(left$to[[i]] - from + 1, parts, least, unit), call)
    job$ends <- c(job$ends, ends)
    job$starts <- c(job$starts, from, ends[-length(ends)] + 1)
  }
}

# The session's state, as it is now: its structure and its settings are two more pieces of data, made when they changed.
state_for_hosts <- function(job, program) {
  now <- session_state(program$fresh, program$named, program$looked)
  # The number of a generation is this session's own. What the file has does not change.
  if (!identical(state$structure$of, now$path)) state$structure <- as_piece(readRDS(now$path)[c("structure", "early")], now$path)
  if (!identical(state$settings$of, now$bytes)) state$settings <- as_piece(unserialize(now$bytes)$settings, now$bytes)
  list(structure = add_piece(job, state$structure), settings = add_piece(job, state$settings), fresh = now$fresh)
}

# A value as it is sent, with its content; `of`, what it was made of.
as_piece <- function(value, of = NULL) {
  bytes <- serialize(value, NULL, xdr = FALSE)
  list(of = of, bytes = bytes, content = native(ms_fingerprint(bytes)))
}

add_piece <- function(job, piece) {
  job$common[[piece$content]] <- piece$bytes
  piece$content
}

# Data as it is given: of a variable that hosts have by name the content is known.
add_source <- function(job, source) {
  content <- content_on(source, job$hosts)
  if (is.null(content)) return(add_piece(job, as_piece(read_name(source))))
  job$common[[content]] <- source
  content
}

bytes_to_send <- function(data) if (is.raw(data)) data else serialize(read_name(data), NULL, xdr = FALSE)

# Costs and profiles are of all elements, and of this machine.
pass_for_hosts <- function(pass) {
  pass[c("cost", "seconds", "sizes")] <- NULL
  pass$key <- ""
  if (pass$schedule == "profiled") pass$schedule <- "auto"
  pass
}

# An input whose data comes with each block: it is numbered behind the data that all blocks need.
input_for_hosts <- function(input, job, data, whole, call) {
  if (input$kind == "each") return(input)
  cut <- cut_of(input)
  at <- Position(function(other) identical(other$of, cut), job$cuts)
  if (is.na(at)) {
    at <- length(job$cuts) + 1L
    value <- read_name(data[[input$data]])
    # It would say how it is made, of all lines.
    if (inherits(value, "memshare_form")) value <- shared_form(value, call)
    # Of a sparse matrix that hosts have by name they make the other form themselves.
    form <- form_behind(data[[input$data]])
    named <- if (is.null(form)) data[[input$data]] else by_name(form$name)
    whole_there <- if (!is.null(content_on(named, job$hosts))) add_source(job, named)
    job$cuts[[at]] <- list(of = cut, value = value, name = "X", whole = whole_there, form = form$margin)
  }
  input$data <- whole + at
  input
}

# How an input is cut: `along` rows (1) or columns (2), or 0, items; `size` of them make an element.
cut_of <- function(input) {
  along <- if (startsWith(input$kind, "row")) 1L else if (startsWith(input$kind, "column")) 2L else 0L
  size <- if (length(input$dim) == 3L) input$dim[[3L]] else 1
  list(data = input$data, along = along, size = size, sparse = !is.null(input$sparse))
}

# The part of a block of a collection.
part_of <- function(cut, from, to) {
  x <- cut$value
  along <- cut$of$along
  if (along == 0L) return(x[from:to])
  extent <- if (cut$of$sparse) length(attr(x, "p", exact = TRUE)) - 1 else dim(x)[[along]]
  lines <- ((from - 1) * cut$of$size + 1):min(to * cut$of$size, extent)
  if (cut$of$sparse) return(part_of_form(x, lines, along))
  if (along == 1L) x[lines, , drop = FALSE] else x[, lines, drop = FALSE]
}

# Some lines of a sparse matrix's form (sparse.R).
part_of_form <- function(x, lines, along) {
  take <- function(name) attr(x, name, exact = TRUE)
  starts <- take("p")[c(lines, lines[[length(lines)]] + 1L)]
  numbers <- starts[[1L]] + seq_len(starts[[length(starts)]] - starts[[1L]])
  places <- if (is.null(take("i"))) take("j") else take("i")
  dimnames <- take("Dimnames")
  if (!is.null(dimnames[[along]])) dimnames[[along]] <- dimnames[[along]][lines]
  structure(list(), p = starts - starts[[1L]], i = places[numbers], x = take("x")[numbers], Dimnames = dimnames)
}

# What is to be sent for a block: serialized parts, by content, one for each collection; NULL of one that hosts have whole, and cut themselves.
parts_of_block <- function(job, block) {
  lapply(job$cuts, function(cut) {
    if (is.null(cut$whole)) serialize(part_of(cut, job$starts[[block]], job$ends[[block]]), NULL, xdr = FALSE)
  })
}

# The contents of the parts of a block, worked out when they are first asked for. `parts` are made only then, or when their caller reads them.
contents_of_block <- function(job, block, parts = parts_of_block(job, block)) {
  key <- as.character(block)
  if (is.null(job$contents[[key]])) {
    job$contents[[key]] <- vapply(seq_along(parts), function(i) {
      whole <- job$cuts[[i]]$whole
      if (is.null(whole)) native(ms_fingerprint(parts[[i]])) else whole
    }, "")
    job$bytes[[key]] <- sum(lengths(parts))
  }
  job$contents[[key]]
}

bytes_of_block <- function(job, block) {
  contents_of_block(job, block)
  job$bytes[[as.character(block)]]
}

# For which blocks a host has the data, of which it has these contents: 1 or 0 of each block, or nothing where it has none at all. Blocks without data
# of their own are anybody's.
blocks_held <- function(job, has) {
  if (!length(has)) return(numeric())
  vapply(seq_along(job$ends), function(block) {
    as.double(all(contents_of_block(job, block) %in% has) && bytes_of_block(job, block) > 0)
  }, 0)
}
