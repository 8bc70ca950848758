# Runs on the leader of a host, the first of its nodes: takes data and blocks of elements from the session, runs each block with the ordinary
# engine on workers of its own, and hands in what came of it. The session asks again and again (host_poll()); in between the leader waits
# in parallel's loop.

# What a leader has: `data`, by content; of the run at hand `run`, `program`, the native `running` runs with their blocks, and `ready`, what is to be
# handed in, as bytes; `forms`, of sparse matrices among it; `coming`, pieces of data; `named`, the contents of variables (hosts-names.R);
# `generations`, of workers, by content; `taken`, the last program; `own`, variables of the environment that are this host's; `pruned`, what was
# cleared away when it began.
leader <- function() {
  if (is.null(state$leader)) {
    state$leader <- list2env(list(data = list(), coming = list(), named = character(), running = list(), ready = list(), generations = list()), parent = emptyenv())
  }
  state$leader
}

# The bytes of a piece of data or results in one message.
piece_bytes <- 2^20

# One call of the session: what it sends is taken, what has ended is handed in. Returns at once when there is something to hand in, and else
# after `wait` seconds at most.
host_poll <- function(request) {
  came <- now_here()
  lead <- leader()
  if (!identical(lead$run, request$run)) host_end()
  lead$run <- request$run
  if (is.null(lead$guard)) lead$guard <- guard_connection(request$patience)
  forget_data(lead, request$forget)
  for (piece in request$pieces) take_piece(lead, piece)
  for (entry in request$names) hold_by_name(lead, entry)
  if (!is.null(request$program)) lead$program <- take_program(lead, request$program, request$workers)
  for (grant in request$grants) begin_block(lead, grant)
  if (!length(lead$ready)) await_blocks(lead, request$wait)
  gather_blocks(lead)
  answer <- list(pieces = next_pieces(lead), more = length(lead$ready) > 0L, times = c(came, now_here()))
  if (!length(lead$running) && !length(lead$ready) && !length(lead$coming)) unguard_connection(lead)
  answer
}

# By this host's clock, in seconds since 1970.
now_here <- function() as.double(Sys.time())

# The end of the part that this host has in a run, whatever it was at.
host_end <- function() {
  lead <- leader()
  for (entry in lead$running) native(ms_run_cancel(entry$run))
  deadline <- elapsed() + 0.5
  for (entry in lead$running) {
    while (!isTRUE(native(ms_run_wait(entry$run, 20L))) && elapsed() < deadline) NULL
    native(ms_run_forget(entry$run))
  }
  lead$running <- lead$ready <- lead$coming <- list()
  lead$run <- lead$program <- NULL
  unguard_connection(lead)
  NULL
}

# While this host has a part in a run, it does not wait longer for the session: R ends at the error of a connection on which nothing comes, and
# with it all that it holds. The connection and what it had, or nothing where this is no node of package parallel.
guard_connection <- function(seconds) {
  connection <- connection_of_node()
  if (is.null(connection)) list() else list(connection = connection, before = socketTimeout(connection, as.integer(seconds)))
}

unguard_connection <- function(lead) {
  if (!is.null(lead$guard$connection)) socketTimeout(lead$guard$connection, as.integer(lead$guard$before))
  lead$guard <- NULL
}

# A piece of serialized data. When it is whole, big data goes into shared memory, once, without a name: it goes with the last that reads it.
take_piece <- function(lead, piece) {
  value <- when_whole(lead, piece$content, piece)
  if (is.null(value)) return(invisible())
  value <- value[[1L]]
  big <- !piece$named && piece$total >= option_share() && (is.atomic(value) || typeof(value) %in% c("list", "S4"))
  if (big) {
    value <- page_of(value)
    gc(verbose = FALSE)
    # Else the memory of the pieces would stay this process's.
    native(ms_hosts_give_back())
  }
  # NULL is a value too.
  lead$data[[piece$content]] <- list(value)
}

# Takes one more piece of what comes under `key`, which `to$coming` keeps until all is there: then its value, in a list.
when_whole <- function(to, key, piece) {
  parts <- c(to$coming[[key]], list(piece$bytes))
  if (sum(lengths(parts)) < piece$total) {
    to$coming[[key]] <- parts
    return(NULL)
  }
  to$coming[[key]] <- NULL
  list(unserialize(if (length(parts) == 1L) parts[[1L]] else do.call(c, parts)))
}

page_of <- function(value) {
  namespace <- paste0("memshare-host-", random_id())
  share_variables(namespace, list(value = value))
  on.exit(unshare_variables(namespace, "value"))
  retrieveViews(namespace, "value")$value
}

# The program of a run, with the state in which its workers have to be: the session's, but for what is this host's own. That of the last call is kept
# with what it depends on here.
take_program <- function(lead, content, workers) {
  said <- lead$data[[content]][[1L]]
  here <- list(
    content, native(ms_environment()), .libPaths(), dir.exists(lead$data[[said$state$settings]][[1L]]$libraries), lapply(option_names, getOption)
  )
  if (!identical(lead$taken$here, here) || !file.exists(lead$taken$program$state$path)) {
    configure_native()
    # What a leader before this one left when it died.
    if (is.null(lead$pruned)) lead$pruned <- native(ms_prune())
    said$state <- state_of_workers(lead, said$state)
    said$spec$passes <- lapply(said$spec$passes, function(pass) c(pass, seeded = !is.null(unserialize(pass$payload)$seed)))
    lead$taken <- list(here = here, program = said)
  }
  c(lead$taken$program, list(workers = workers))
}

# `about`: the contents of the session's structure and settings.
state_of_workers <- function(lead, about) {
  settings <- settings_here(lead$data[[about$settings]][[1L]])
  known <- lead$generations[[about$structure]]
  if (is.null(known) || !file.exists(known$path)) {
    structure <- lead$data[[about$structure]][[1L]]
    known <- write_generation(structure$structure, settings_here(structure$early), settings)[c("id", "path")]
    lead$generations[[about$structure]] <- known
  }
  list(id = known$id, path = known$path, fresh = about$fresh, bytes = bytes_of_session(known$id, known$path, settings))
}

# Variables that say where things are on a host.
is_place_variable <- function(names) {
  startsWith(names, "R_") | startsWith(names, "SSH_") | startsWith(names, "XDG_") |
    names %in% c("PATH", "PWD", "OLDPWD", "HOSTNAME", "SHELL", "USER", "LOGNAME", "DISPLAY", "EDITOR", "PAGER", "TAR", "LN_S", "SED")
}

settings_here <- function(settings) {
  lead <- leader()
  print <- native(ms_environment())
  if (!identical(lead$own$print, print)) {
    own <- travelling_variables()
    lead$own <- list(print = print, variables = own[is_place_variable(names(own))])
  }
  settings$environment <- c(settings$environment[!is_place_variable(names(settings$environment))], lead$own$variables)
  settings$libraries <- unique(c(settings$libraries[dir.exists(settings$libraries)], library_of_memshare(), .libPaths()))
  settings
}

# Begins a block: a run of the program on this part of the elements.
begin_block <- function(lead, grant) {
  program <- lead$program
  spec <- program$spec
  n <- grant$to - grant$from + 1
  contents <- c(program$shared, grant$parts)
  held <- contents %in% names(lead$data)
  if (!all(held)) abort("internal", "a host was given a block without its data")
  spec$data <- lapply(contents, function(content) lead$data[[content]][[1L]])
  for (i in which(lengths(program$whole) > 0L)) {
    at <- length(program$shared) + i
    of <- program$whole[[i]]
    value <- if (is.null(of$form)) spec$data[[at]] else form_here(lead, contents[[at]], of$form)
    spec$data[at] <- list(part_of(list(of = of, value = value), grant$from, grant$to))
  }
  spec$workers <- as.integer(min(program$workers, n))
  spec$passes <- lapply(spec$passes, pass_of_block, n, grant$from - 1)
  # The session makes the value.
  spec["modes"] <- list(NULL)
  run <- with_room(function() ms_run_begin(0L, spec, NULL, program$title, program$state), NULL)
  lead$running[[length(lead$running) + 1L]] <- list(run = run, block = grant$block)
}

# A form of a sparse matrix that is there whole (sparse.R), made once.
form_here <- function(lead, content, margin) {
  known <- lead$forms[[content]][[margin]]
  if (!is.null(known)) return(known)
  form <- form_of(sparse_array(lead$data[[content]][[1L]], NULL, NULL), margin, NULL)$source
  if (inherits(form, "memshare_form")) form <- shared_form(form, NULL)
  if (is.null(lead$forms[[content]])) lead$forms[[content]] <- vector("list", 2L)
  lead$forms[[content]][[margin]] <- form
  form
}

# A pass on `n` elements, before which the call has `before`.
pass_of_block <- function(pass, n, before) {
  pass$n <- as.double(n)
  pass$inputs <- lapply(pass$inputs, function(input) {
    cut <- cut_of(input)
    # The last element may have fewer lines.
    if (cut$along > 0L) input$dim[[cut$along]] <- min(n * cut$size, input$dim[[cut$along]] - before * cut$size)
    input
  })
  if (pass$seeded) pass$payload <- serialize(c(unserialize(pass$payload), list(before = before)), NULL, xdr = FALSE)
  pass
}

await_blocks <- function(lead, seconds) {
  deadline <- elapsed() + seconds
  ended <- function(entry, patience) isTRUE(native(ms_run_wait(entry$run, patience)))
  repeat {
    left <- deadline - elapsed()
    if (!length(lead$running) || left <= 0) return(invisible())
    # Blocks end in the order in which they began, nearly always.
    if (ended(lead$running[[1L]], as.integer(min(50, ceiling(1000 * left))))) return(invisible())
    for (entry in lead$running[-1L]) if (ended(entry, 0L)) return(invisible())
  }
}

# What the record of a block says besides its plan and its log: the session knows that.
unsaid <- list(
  title = "a block", lines = character(), parts = character(), elements = numeric(), guessed = numeric(), repeated = numeric(), names = list()
)

gather_blocks <- function(lead) {
  over <- vapply(lead$running, function(entry) isTRUE(native(ms_run_wait(entry$run, 0L))), NA)
  for (entry in lead$running[over]) {
    out <- native(ms_run_collect(entry$run, lead$program$trace))
    came <- list(
      values = lapply(out$values, `[[`, "values"), conditions = out$conditions, error = out$error, died = out$stats$died, notes = out$stats$notes,
      record = native(ms_record_of_run(entry$run, unsaid))
    )
    bytes <- serialize(came, NULL, xdr = FALSE)
    lead$ready[[length(lead$ready) + 1L]] <- list(block = entry$block, bytes = bytes, at = 0)
  }
  lead$running <- lead$running[!over]
}

# What is handed in now, piece_bytes at most.
next_pieces <- function(lead) {
  pieces <- list()
  room <- piece_bytes
  while (length(lead$ready) && room > 0) {
    first <- lead$ready[[1L]]
    total <- length(first$bytes)
    until <- min(total, first$at + room)
    pieces[[length(pieces) + 1L]] <- list(block = first$block, total = total, bytes = first$bytes[(first$at + 1):until])
    room <- room - (until - first$at)
    if (until < total) lead$ready[[1L]]$at <- until else lead$ready <- lead$ready[-1L]
  }
  pieces
}
