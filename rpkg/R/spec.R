# The words of a spec: what native code is told of data, inputs, sides and passes. `b` is the program under way, see compile.R.

# The value of pass `i`, made on a worker for all who need it; the number of the pass that makes it.
value_pass <- function(i, b) {
  if (b$value_pass[[i]]) return(b$value_pass[[i]])
  pass <- b$order[[i]]
  if (pass$verb == "outer") return(b$at[[i]])
  rows <- any(vapply(b$order, walks_rows_of, NA, pass))
  dots <- list(.how = how_of(pass), .collect = pass$control$on_error == "collect", .rows = rows)
  payload <- build_payload(bind_values, list(dots = dots), new_capture(), default_control())
  input <- list(kind = "results", pass = b$at[[i]], names = names_in_data(pass, i, b), vector = mode_of(pass) == "vector")
  bind <- spec_of_pass(
    paste(b$labels[[i]], "(whole)"), 1, list(input), payload, captured_in(payload, i, b), bytes = known_bytes(pass),
    key = key_of(pass, "(whole)")
  )
  b$value_pass[[i]] <- add_pass(b, i, "bind", bind)
  b$value_pass[[i]]
}

# The number of the pass whose results are the values of pass `i`: its own, or what checks them.
checked_pass <- function(i, b) {
  pass <- b$order[[i]]
  if (shape_of(pass) != "vector") return(b$at[[i]])
  if (b$checked_pass[[i]]) return(b$checked_pass[[i]])
  given <- list(dots = list(.template = pass$control$FUN.VALUE), form = call_form(marked = !is.null(pass$filter)))
  payload <- build_payload(check_value, given, new_capture(), default_control())
  input <- list(kind = "each", pass = b$at[[i]])
  check <- spec_of_pass(
    paste(b$labels[[i]], "(values)"), pass$n, list(input), payload, captured_in(payload, i, b), schedule = part_schedule(pass$control),
    chunk = chunk_of(pass$control), bytes = known_bytes(pass), key = key_of(pass, "(values)")
  )
  b$checked_pass[[i]] <- add_pass(b, i, "value", check)
  b$checked_pass[[i]]
}

walks_rows_of <- function(pass, other) {
  for (input in pass$inputs) {
    if (input$cut == "row" && is_pass(input$source) && identical(unwrap_pass(input$source), other)) return(TRUE)
  }
  FALSE
}

names_in_data <- function(pass, i, b) {
  if (!length(pass$value_names)) return(0L)
  data_in(pass$value_names, paste("names of", b$labels[[i]]), "", b)
}

add_pass <- function(b, owner, what, pass) {
  at <- length(b$passes) + 1L
  b$passes[[at]] <- pass
  b$owner[[at]] <- owner
  b$what[[at]] <- what
  at
}

captured_in <- function(payload, i, b) {
  captured <- integer()
  for (value in payload$captured) captured <- c(captured, data_in(value, paste("captured by", b$labels[[i]]), "", b))
  captured
}

spec_of_map <- function(pass, label, inputs, sides, captured, own = FALSE) {
  control <- pass$control
  key <- key_of(pass)
  open <- is.null(pass$costs) && (control$schedule == "auto" || control$schedule == "profiled")
  if (open) recall_profile(key, pass$n)
  spec_of_pass(
    label, pass$n, inputs, pass$payload, captured, sides = sides, schedule = control$schedule, chunk = chunk_of(control),
    on_error = control$on_error, element_timeout = control$element_timeout, bytes = known_bytes(pass), key = key, costs = pass$costs, sizes = if (open) sizes_of(pass), own = own
  )
}

# What most passes are told; spec_of_pass() takes what is otherwise.
usual <- list(
  levels = 0L, sides = list(), schedule = "auto", chunk = 0, on_error = "stop", element_timeout = Inf, bytes = NA_real_, key = "", costs = NULL, sizes = NULL,
  own = FALSE
)

# A pass in the words of the spec; `...` is what is not as usual.
spec_of_pass <- function(name, n, inputs, payload, captured, ...) {
  given <- list(...)
  said <- usual
  said[names(given)] <- given
  list(
    name = name, n = as.double(n), inputs = inputs, levels = said$levels, sides = said$sides, payload = serialized(payload, said$own),
    captured = captured, schedule = said$schedule, chunk = said$chunk, on_error = said$on_error,
    element_timeout = said$element_timeout, bytes = said$bytes, key = said$key,
    cost = said$costs$cost, seconds = said$costs$seconds, sizes = said$sizes
  )
}

# The schedule of what only brings results together: nobody says what that costs.
part_schedule <- function(control) if (control$schedule == "profiled") "auto" else control$schedule

chunk_of <- function(control) if (is.null(control$chunk)) 0 else control$chunk

# Passes over named data, by `workers` of ours or, where `cluster` says so, by nodes.
spec_of <- function(data, passes, gather, workers, control, cluster) {
  list(
    data = unname(data), data_names = names(data), passes = passes, gather = gather, workers = workers, retries = control$retries,
    timeout = control$timeout, memory = control$memory, cluster = !is.null(cluster), measure = control$measure, keep = control$keep
  )
}

# An input of pass `reader` in the words of the spec.
input_in <- function(input, reader, b) {
  source <- input$source
  if (is_pass(source)) {
    i <- place_of(unwrap_pass(source), b$order)
    constant <- b$constants[[as.character(i)]]
    if (is.null(constant)) {
      if (input$cut == "each") return(list(kind = "each", pass = checked_pass(i, b)))
      return(list(kind = input$cut, pass = value_pass(i, b), dim = c(input$dim, input$size)))
    }
    source <- constant[[1L]]
  }
  list(kind = input$cut, data = data_in(source, name_of_input(input, b$labels[[reader]]), "", b), dim = c(input$dim, input$size), sparse = input$sparse)
}

# A side variable in the words of the spec; `role` as in data_in().
side_in <- function(source, name, b, role = name) {
  if (is_pass(source)) {
    i <- place_of(unwrap_pass(source), b$order)
    constant <- b$constants[[as.character(i)]]
    if (is.null(constant)) {
      pass <- b$order[[i]]
      if (shape_of(pass) == "one") return(list(pass = b$at[[i]], whole = FALSE))
      if (is_plain(pass)) return(list(pass = b$at[[i]], whole = TRUE, names = names_in_data(pass, i, b)))
      return(list(pass = value_pass(i, b), whole = FALSE))
    }
    source <- constant[[1L]]
  }
  list(data = data_in(source, name, role, b))
}

# The number of a piece of data: equal data is there once. `role` is its name in VARS; the data of a name that is to be replaced in
# a run is kept apart from all other.
data_in <- function(value, name, role, b) {
  group <- if (nzchar(role) && role %in% b$split) role else ""
  for (i in seq_along(b$data)) {
    if (b$groups[[i]] == group && is_same_data(b$data[[i]], value)) {
      if (!role %in% b$roles[[i]]) b$roles[[i]] <- c(b$roles[[i]], role)
      return(i)
    }
  }
  at <- length(b$data) + 1L
  b$data[at] <- list(value)
  b$data_names[[at]] <- data_name(value, name)
  b$groups[[at]] <- group
  b$roles[[at]] <- role
  at
}

# To the bit: 0 and -0 are not the same.
is_same_data <- function(a, b) identical(a, b, num.eq = FALSE, single.NA = FALSE, attrib.as.set = FALSE)

data_name <- function(value, name) {
  if (inherits(value, "memshare_name")) return(value[[2L]])
  if (inherits(value, "memshare_form")) paste(name, "by", attr(value, "by")) else name
}

# Bytes of all results together, where FUN.VALUE says it.
known_bytes <- function(pass) {
  template <- pass$control$FUN.VALUE
  # A mark is larger than a number.
  if (is.null(template) || is.object(template) || !is.null(pass$filter)) return(NA_real_)
  size <- switch(typeof(template), logical = , integer = 4, double = 8, complex = 16, raw = 1, NA_real_)
  size * length(template) * pass$n
}
