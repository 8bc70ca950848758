# What a worker process does in R: take a run, make ready, let native code call FUN element by element, and report.

# The life of a worker that memshare started. An interrupt is how a run is stopped; one that comes when the run is over must
# neither end this process nor hit the next run.
worker_main <- function() {
  options <- options_now()
  launched <- Sys.getpid()
  while (native(ms_worker_next())) {
    ignoring_interrupts(Sys.sleep(0))
    worker_run(options)
    ignoring_interrupts(tidy())
  }
  # The first call above forks: this may be another process now. Its temporary directory is then shared, and not its to remove.
  if (Sys.getpid() != launched) ms_worker_quit()
}

ignoring_interrupts <- function(code) tryCatch(code, interrupt = function(i) NULL)

# The life of a cluster's node within one run. What is in its global environment is the user's, its random numbers too.
worker_join <- function(address) {
  native(ms_worker_join(address))
  on.exit(ms_worker_leave())
  seed <- globalenv()$.Random.seed
  if (native(ms_worker_next())) worker_run(options_now(), guest = TRUE)
  if (is.null(seed) && exists(".Random.seed", envir = globalenv(), inherits = FALSE)) rm(".Random.seed", envir = globalenv())
  if (!is.null(seed)) assign(".Random.seed", seed, envir = globalenv())
  gc(verbose = FALSE)
}

# One run. Whatever goes wrong before the first element is reported as the run's error and not as an element's. Options and
# directory are put back afterwards, so that what one call's FUN sets does not reach the next call.
worker_run <- function(options, guest = FALSE) {
  # A FUN that called quit() took the directory that forked workers share with it.
  tempdir(check = TRUE)
  directory <- getwd()
  on.exit({
    put_back_options(options)
    if (!is.null(directory) && !identical(getwd(), directory)) try(setwd(directory), silent = TRUE)
  })
  tryCatch(
    work(guest),
    # How a run is stopped, which native code tells by the missing calls. One from elsewhere is an error while the run goes on.
    interrupt = function(i) native(ms_worker_failed(simpleError("the worker was interrupted"), NULL))
  )
  native(ms_worker_done())
}

# All options as they lie in R, which is cheaper than options() to get and to compare: most runs change none.
options_now <- function() as.vector(.Options, "list")

# Options that came with a package since are the package's.
put_back_options <- function(options) {
  if (!identical(options_now()[seq_along(options)], options)) options(options)
}

# Between two runs: what FUN left in the global environment goes, and garbage is collected, for a page that was released keeps its
# memory until the last view of it is collected. Collecting takes longer than a small run, so it waits until nothing comes, but
# not for ever.
tidy <- function() {
  if (length(globalenv())) rm(list = ls(globalenv(), all.names = TRUE, sorted = FALSE), envir = globalenv())
  now <- proc.time()[["elapsed"]]
  if (is.null(state$collected)) state$collected <- now
  overdue <- now - state$collected > 2
  if (overdue || isTRUE(native(ms_worker_idle(30L)))) {
    gc(verbose = FALSE)
    state$collected <- now
  }
}

# A worker of ours draws random numbers in the session's manner, from a state of its own.
fresh_random_numbers <- function(kinds) {
  if (!identical(RNGkind(), kinds)) suppressWarnings(try(do.call(RNGkind, as.list(kinds)), silent = TRUE))
  if (exists(".Random.seed", envir = globalenv(), inherits = FALSE)) rm(".Random.seed", envir = globalenv())
}

# From a step's payload to a call of FUN and the frame it is evaluated in, which native code then calls for each element.
prepare <- function(step, guest) {
  head <- unserialize(step$payload)
  if (!guest) fresh_random_numbers(head$random)
  for (package in names(head$packages)) attach_package(package, head$packages[[package]])
  directory <- head$directory
  if (!is.null(directory) && !identical(getwd(), directory) && dir.exists(directory)) setwd(directory)
  options(head$options)
  body <- bind_captured(unserialize(head$body), step$captured)
  frame <- if (length(body$dots)) do.call(dots_frame, body$dots, quote = TRUE) else new.env(parent = baseenv())
  assign(".FUN", body$fun, envir = frame)
  for (name in names(body$functions)) assign(name, body$functions[[name]], envir = frame)
  names <- c(body$variables, names(body$functions))
  sides <- lapply(names, as.name)
  names(sides) <- names
  elements <- element_arguments(body$elements)
  call <- as.call(c(list(quote(forceAndCall), length(elements), quote(.FUN)), elements, sides, if (length(body$dots)) quote(...)))
  native(ms_worker_ready(call, frame, stream_setter(head$seed)))
}

# FUN's element arguments: `.element`, `.element2` and so on, which native code binds in the frame. `names` are those of the
# arguments, "" for one by position; a call over one collection has none.
element_arguments <- function(names) {
  symbols <- lapply(paste0(".element", c("", seq_along(names)[-1L])), as.name)
  if (any(nzchar(names))) stats::setNames(symbols, names) else symbols
}

# A frame whose `...` holds the arguments, evaluated, as a function's would.
dots_frame <- function(...) {
  list(...)
  environment()
}
environment(dots_frame) <- baseenv()

attach_package <- function(package, library) {
  suppressPackageStartupMessages(
    library(package, character.only = TRUE, lib.loc = c(library, .libPaths()), warn.conflicts = FALSE, quietly = TRUE)
  )
}

# Puts what was shared, and frames' `...`, where FUN looks for them.
bind_captured <- function(body, captured) {
  for (i in seq_along(body$placed)) {
    where <- body$placed[[i]]
    if (where$kind == "dots") body$dots[[where$at]] <- captured[[i]] else assign(where$name, captured[[i]], envir = where$env)
  }
  for (entry in body$frame_dots) {
    assign("...", get("...", envir = do.call(dots_frame, entry$values, quote = TRUE)), envir = entry$env)
  }
  body
}

# Calls FUN for as many elements as this worker gets. The native loop comes back when a step has to be made ready, and is left by
# R's error when FUN fails. What failed is reported here; where errors are collected the loop is entered again at the next element.
work <- function(guest) {
  repeat {
    step <- NULL
    failed <- watched(step <- native(ms_worker_loop()))
    if (!is.null(failed)) {
      condition <- slim(failed$condition)
      if (native(ms_worker_collects())) {
        condition <- element_error(list(index = NA_real_, condition = condition, calls = failed$calls))
      }
      if (!native(ms_worker_failed(condition, failed$calls))) break
    } else if (is.null(step)) {
      break
    } else {
      ready <- tryCatch(prepare(step, guest), error = identity)
      if (inherits(ready, "error")) {
        native(ms_worker_failed(slim(ready), character()))
        break
      }
    }
  }
}

# Evaluates the loop. Warnings and messages of FUN are noted for their element and go on. The value is NULL, or the error that
# ended the loop with its calls. An error that FUN only signals, as signalCondition() does, ends nothing, as in lapply; of
# stack overflows R tells exiting handlers alone, which know no calls.
watched <- function(loop) {
  depth <- sys.nframe()
  tryCatch(
    callCC(function(leave) {
      withCallingHandlers(
        {
          loop
          NULL
        },
        warning = function(w) {
          ms_worker_condition(slim(w))
          tryInvokeRestart("muffleWarning")
        },
        message = function(m) {
          ms_worker_condition(slim(m))
          tryInvokeRestart("muffleMessage")
        },
        error = function(e) {
          calls <- sys.calls()
          signalled <- length(calls) > 1L && identical(calls[[length(calls) - 1L]][[1L]], quote(signalCondition))
          if (!signalled) leave(list(condition = e, calls = traceback_of(calls, depth)))
        }
      )
    }),
    stackOverflowError = function(e) list(condition = e, calls = character())
  )
}

# The calls from FUN down to the error, one line each. The last ones, which R and this file added to handle it, are left out.
traceback_of <- function(calls, depth) {
  calls <- calls[seq_along(calls) > depth]
  from <- which(vapply(calls, function(call) identical(call[[1L]], quote(.FUN)), NA))
  if (length(from)) calls <- calls[seq_along(calls) >= from[[1L]]]
  calls <- calls[-length(calls)]
  if (length(calls) && identical(calls[[length(calls)]][[1L]], quote(.handleSimpleError))) calls <- calls[-length(calls)]
  lines <- vapply(utils::head(calls, 100L), function(call) deparse(call, nlines = 1L)[[1L]], "")
  gsub("[.]element([0-9]*)", "element\\1", sub("^[.]FUN\\(", "FUN(", lines))
}

# A condition that is cheap to send: one that carries more than a megabyte keeps its classes and its text. Its call names FUN as
# the user does.
slim <- function(condition) {
  call <- conditionCall(condition)
  if (is.call(call) && identical(call[[1L]], quote(.FUN))) condition$call <- quote(FUN(element))
  size <- tryCatch(length(serialize(condition, NULL, xdr = FALSE)), error = function(e) Inf)
  if (size <= 1e6) return(condition)
  structure(class = class(condition), list(message = conditionMessage(condition), call = NULL))
}
