# An interpreter of the specs that R gives to native code: element by element, in this process. With it the R side of chains is
# tested for what it says, apart from how it is run; see fake_native().

interpret <- function(spec) {
  data <- lapply(spec$data, function(x) if (inherits(x, "memshare_name")) retrieveViews(x[[1]], x[[2]])[[1]] else x)
  results <- list()
  conditions <- list()
  bytes <- rep(NA_real_, length(spec$passes))
  for (k in seq_along(spec$passes)) {
    pass <- spec$passes[[k]]
    run <- interpret_pass(pass, k, data, results)
    conditions <- c(conditions, run$conditions)
    if (!is.null(run$error)) return(list(conditions = conditions, error = c(run$error, list(pass = k))))
    results[[k]] <- run$values
    stopifnot(length(run$values) == ceiling(pass$n / 16^pass$levels))
  }
  list(results = results, conditions = conditions)
}

interpret_pass <- function(pass, k, data, results) {
  head <- unserialize(pass$payload)
  body <- native(ms_unpack(head$body, data[pass$captured]))
  if (head$own) body <- bind_globals(body, TRUE, FALSE)
  bind_dots(body$frame_dots)
  stopifnot(all(body$variables %in% names(pass$sides)), all(names(pass$sides) %in% c(body$variables, ".data")))
  with_names <- function(values, names) if (names > 0) stats::setNames(values, data[[names]]) else values
  sides <- lapply(pass$sides, function(side) {
    if (!is.null(side$data)) return(data[[side$data]])
    if (side$whole) return(with_names(results[[side$pass]], side$names))
    stopifnot(length(results[[side$pass]]) == 1)
    results[[side$pass]][[1]]
  })
  fetch <- lapply(pass$inputs, function(input) {
    if (input$kind == "each") return(function(j) results[[input$pass]][[j]])
    if (input$kind == "results") {
      stopifnot(pass$n == 1)
      values <- results[[input$pass]]
      return(function(j) list(values = values, k = NULL, n = length(values), names = if (input$names > 0) data[[input$names]]))
    }
    if (input$kind == "whole") {
      stopifnot(pass$n == 1)
      return(function(j) results[[input$pass]])
    }
    x <- if (is.null(input$pass)) data[[input$data]] else results[[input$pass]][[1]]
    if (input$kind != "item") stopifnot(all(dim(x) == input$dim))
    switch(input$kind, item = function(j) x[[j]], row = function(j) x[j, ], column = function(j) x[, j])
  })
  made <- call_of(body)
  code <- if (is.null(made$forced)) made$call else as.call(c(list(quote(forceAndCall), made$forced), as.list(made$call)))
  for (name in names(sides)) assign(name, sides[[name]], envir = made$frame)
  taken <- free_name(if (length(made$elements) == 1L) "X" else "dots", c(body$variables, names(body$functions)))
  call_fun <- function(elements) {
    assign(taken, elements, envir = made$frame)
    eval(code, made$frame)
  }
  values <- vector("list", pass$n)
  conditions <- list()
  error <- NULL
  setter <- stream_setter(head$seed)
  for (j in seq_len(pass$n)) {
    elements <- lapply(fetch, function(f) f(j))
    if (pass$levels > 0) {
      values[j] <- elements
      next
    }
    if (!is.null(setter)) setter(j)
    note <- function(c) conditions[[length(conditions) + 1]] <<- list(k, j, c)
    value <- tryCatch(
      withCallingHandlers(list(call_fun(elements)),
        warning = function(w) {
          note(w)
          tryInvokeRestart("muffleWarning")
        },
        message = function(m) {
          note(m)
          tryInvokeRestart("muffleMessage")
        }
      ),
      error = identity
    )
    if (inherits(value, "error")) {
      if (pass$on_error == "stop") {
        error <- list(kind = "element", index = j, message = conditionMessage(value), condition = value, calls = character())
        break
      }
      value <- list(element_error(list(index = NA_real_, condition = value, calls = character())))
    }
    values[j] <- value
  }
  for (level in seq_len(pass$levels)) {
    values <- unname(lapply(split(values, (seq_along(values) - 1) %/% 16), function(block) call_fun(list(block))))
  }
  list(values = values, conditions = conditions, error = error)
}

# Puts the interpreter in the place of native code until the frame is left.
fake_native <- function(frame = parent.frame()) {
  runs <- list()
  plans <- list()
  fakes <- list(
    ms_plan_make = function(spec) {
      plans[[length(plans) + 1]] <<- spec
      fakes$ms_plan_describe(length(plans))
    },
    ms_plan_describe = function(id) {
      spec <- plans[[id]]
      list(
        id = id, guessed = as.numeric(is.na(vapply(spec$passes, `[[`, 0, "bytes"))), peak = 1e6, budget = 1e9, stages = 1, held_back = FALSE,
        tasks = list(task = 1, kind = "map", passes = "all", elements = 1, step = 1, waits_for = "", bytes = NA_real_),
        resources = list(
          resource = spec$data_names, scope = rep("shared", length(spec$data)), bytes = rep(1e3, length(spec$data)),
          born = rep(1L, length(spec$data)), last_read = rep(2L, length(spec$data)), made_by = rep("", length(spec$data)),
          read_by = rep("", length(spec$data)), place = rep("memory", length(spec$data))
        )
      )
    },
    ms_plan_free = function(id) NULL,
    ms_run_begin = function(id, spec, changes, verb, state) {
      if (id > 0) spec <- plans[[id]]
      spec$data[changes$data] <- changes$values
      runs[[length(runs) + 1]] <<- list(spec = spec, out = interpret(spec))
      length(runs)
    },
    ms_run_wait = function(run, milliseconds) TRUE,
    ms_run_cancel = function(run) NULL,
    ms_run_collect = function(run, trace) {
      out <- runs[[run]]$out
      spec <- runs[[run]]$spec
      list(
        values = lapply(spec$gather, function(k) list(values = out$results[[k]], k = NULL)), conditions = out$conditions, error = out$error,
        stats = list(passes = length(spec$passes), chunks = 1, workers = spec$workers, bytes_shared = 0, peak = 0, retries = 0, seconds = 0),
        bytes = rep(0, length(spec$passes)), trace = NULL
      )
    }
  )
  space <- asNamespace("memshare")
  old <- mget(names(fakes), space, ifnotfound = list(NULL))
  put <- function(functions) {
    for (name in names(functions)) {
      if (exists(name, space, inherits = FALSE)) unlockBinding(name, space)
      if (!is.null(functions[[name]])) assign(name, functions[[name]], space)
    }
  }
  put(fakes)
  withr_defer(put(old), frame)
  invisible()
}
