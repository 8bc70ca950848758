# Runs on a worker: lets native code call FUN element by element, and reports warnings, messages and errors.

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
  from <- which(vapply(calls, function(call) identical(call[[1L]], quote(FUN)) || identical(call[[1L]], quote(.FUN)), NA))
  if (length(from)) calls <- calls[seq_along(calls) >= from[[1L]]]
  calls <- calls[-length(calls)]
  if (length(calls) && identical(calls[[length(calls)]][[1L]], quote(.handleSimpleError))) calls <- calls[-length(calls)]
  vapply(utils::head(calls, 100L), function(call) deparse(call, nlines = 1L)[[1L]], "")
}

# A condition that is cheap to send: one that carries more than a megabyte keeps its classes and its text.
slim <- function(condition) {
  size <- tryCatch(length(serialize(condition, NULL, xdr = FALSE)), error = function(e) Inf)
  if (size <= 1e6) return(condition)
  structure(class = class(condition), list(message = conditionMessage(condition), call = NULL))
}
