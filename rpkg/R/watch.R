# Runs on a worker: lets native code call FUN element by element, and reports warnings, messages and errors.

# Calls FUN for as many elements as this worker gets, after `enter()`, which waits for a run and is FALSE when there is none. The native loop
# comes back when a step has to be made ready, and is left by R's error when FUN fails. What failed is reported here; where errors are
# collected the loop is entered again at the next element.
work <- function(enter, external) {
  level <- expressions <- NULL
  # Entering a run, or making a step ready.
  preparing <- TRUE
  repeat {
    failed <- watched(
      {
        if (is.null(level)) {
          if (!enter()) return(invisible())
          level <- getOption("warn")
          expressions <- getOption("expressions")
          preparing <- FALSE
        }
        while (!is.null(step <- native(ms_worker_loop(came_late)))) {
          preparing <- TRUE
          prepare(step, external)
          preparing <- FALSE
        }
      }, function() level, function() !preparing
    )
    if (is.null(failed)) break
    # FUN may have left too few for what follows.
    if (!is.null(expressions)) options(expressions = expressions)
    if (preparing) {
      report(slim(failed$condition), character())
      break
    }
    if (!suspendInterrupts(report_failed(failed))) break
  }
}

# Reports what FUN failed with; whether it may be called on the next element.
report_failed <- function(failed) {
  late <- native(ms_worker_late())
  if (is.null(late)) {
    through <- native(ms_worker_through())
    condition <- if (through) unsent_condition(failed$condition) else slim(failed$condition)
    if (through) failed$calls <- character()
  } else {
    # The interrupt has come. It is not meant for anything else.
    ignoring_interrupts(allowInterrupts(Sys.sleep(0)))
    condition <- late_condition(late)
    if (identical(failed$condition, left_late)) failed$calls <- character()
  }
  if (native(ms_worker_collects())) condition <- failed_element(condition, failed$calls)
  report(condition, failed$calls)
}

# FUN came back from its element, with a result that cannot be sent.
unsent_condition <- function(condition) {
  condition <- slim(if (inherits(condition, "stackOverflowError")) nested_condition() else condition)
  condition$message <- paste("its result cannot be sent:", said_of(condition))
  condition
}

ignoring_interrupts <- function(code) tryCatch(code, interrupt = function(i) NULL)

# What is the result of an element that failed, until the session says which it is.
failed_element <- function(condition, calls) {
  element_condition(inherits(condition, "memshare_late"), said_of(condition), parent = condition, calls = calls)
}

# Called by native code in place of FUN, or after it: the element took too long.
came_late <- function() stop(left_late)
left_late <- structure(class = c("memshare_left_late", "error", "condition"), list(message = "FUN took too long", call = NULL))

# Reports a failure with its text, as conditionMessage() gives it here, where the packages are loaded that FUN uses. A condition that
# cannot be sent goes without its fields.
report <- function(condition, calls) {
  said <- said_of(condition)
  sent <- tryCatch(native(ms_worker_failed(condition, calls, said)), error = identity)
  if (inherits(sent, "error")) sent <- native(ms_worker_failed(bare(condition), calls, said))
  sent
}

# Evaluates the loop. The value is NULL, or the error that ended the loop with its calls. An error that FUN only signals, as
# signalCondition() does, ends nothing, as in lapply; it is remembered, for packages such as rlang signal an error first and then leave
# for R's top level, which looks for the restart "abort". Of stack overflows R tells exiting handlers alone, which know no calls.
# `level()` is the session's option "warn"; `at_work()` tells whether FUN is being called, and what it says is to be noted.
watched <- function(loop, level, at_work) {
  depth <- sys.nframe()
  left <- new.env(parent = emptyenv())
  tryCatch(
    withRestarts(
      callCC(function(leave) {
        withCallingHandlers(
          {
            loop
            NULL
          },
          warning = function(w) if (at_work()) warned(w, level()),
          message = function(m) {
            if (!at_work() || !muffles("muffleMessage", sys.function(-1L))) return()
            ms_worker_condition(slim(m))
            tryInvokeRestart("muffleMessage")
          },
          error = function(e) {
            if (signals(sys.function(-1L))) return(if (at_work()) remember(left, e))
            leave(list(condition = e, calls = traceback_of(sys.calls(), depth)))
          },
          # Of an element that took too long. Others end the run, and are caught where it began.
          interrupt = function(i) {
            if (at_work() && native(ms_worker_is_late())) leave(list(condition = i, calls = traceback_of(sys.calls(), depth)))
          },
          # stop() with a condition that is no error goes to the top level too.
          condition = function(c) {
            if (at_work() && identical(sys.function(-1L), stop) && !goes_on(left)) remember(left, c)
          }
        )
      }),
      abort = function() jumped(left, depth)
    ),
    stackOverflowError = function(e) list(condition = e, calls = character())
  )
}

# A warning of FUN is noted and muffled, unless R is to make an error of it, or FUN told R to ignore it.
warned <- function(w, level) {
  now <- getOption("warn")
  if (now >= 2 || !muffles("muffleWarning", sys.function(-2L))) return()
  if (now >= 0 || level < 0) ms_worker_condition(slim(w))
  tryInvokeRestart("muffleWarning")
}

# Whether the function that called a handler is signalCondition(), after which FUN may go on.
signals <- function(caller) identical(caller, signalCondition)

# Whether a warning or message would be shown if nobody handled it: not one that is signalled without a restart to muffle it.
muffles <- function(name, caller) {
  !signals(caller) || any(vapply(computeRestarts(), function(restart) identical(restart$name, name), NA))
}

# Remembers a condition that may be the reason for a jump to R's top level: with the element, and the frame that signalled it. To be
# called by a handler, whose call is the last but this one.
remember <- function(left, condition) {
  handler <- sys.nframe() - 1L
  from <- sys.parents()[[handler - 1L]]
  left$condition <- condition
  left$calls <- utils::head(sys.calls(), handler)
  left$frame <- if (from > 0L) sys.frame(from)
  left$at <- native(ms_worker_at())
  invisible()
}

# Whether the function that signalled the condition remembered is still at it: what it says now is about the same error.
goes_on <- function(left) {
  if (is.null(left$frame)) return(FALSE)
  for (frame in sys.frames()) if (identical(frame, left$frame)) return(TRUE)
  FALSE
}

# What a jump to R's top level means: the error that FUN signalled before it.
jumped <- function(left, depth) {
  if (!is.null(left$condition) && identical(left$at, native(ms_worker_at()))) {
    return(list(condition = left$condition, calls = traceback_of(left$calls, depth)))
  }
  text <- "FUN jumped to the top level of R, as invokeRestart(\"abort\") does, without an error"
  list(condition = simpleError(text), calls = character())
}

# The calls from FUN down to the error, one line each. The last ones, which R and this file added to handle it, are left out.
traceback_of <- function(calls, depth) {
  calls <- calls[seq_along(calls) > depth]
  from <- which(vapply(calls, function(call) identical(call[[1L]], quote(FUN)) || identical(call[[1L]], quote(.FUN)), NA))
  if (length(from)) calls <- calls[seq_along(calls) >= from[[1L]]]
  calls <- calls[-length(calls)]
  if (length(calls) && identical(calls[[length(calls)]][[1L]], quote(.handleSimpleError))) calls <- calls[-length(calls)]
  vapply(utils::head(calls, 100L), line_of, "")
}

# Code that R cannot write is no reason to lose the error.
line_of <- function(call) tryCatch(deparse(call, nlines = 1L)[[1L]], error = function(e) "<a call that cannot be shown>")

# A condition that is cheap to send: one that carries more than a megabyte keeps its classes and its text.
slim <- function(condition) {
  # A condition may be nested as deep as any value.
  small <- tryCatch(native(ms_survey(condition))[[1L]] == 0 && utils::object.size(condition) <= 1e6, error = function(e) NA)
  if (isTRUE(small)) return(condition)
  if (is.na(small)) return(bare(condition))
  size <- tryCatch(length(serialize(condition, NULL, xdr = FALSE)), error = function(e) Inf)
  if (size <= 1e6) condition else bare(condition)
}

# A condition without its fields.
bare <- function(condition) {
  structure(class = as.character(class(condition)), list(message = shortened(said_of(condition)), call = NULL))
}

# At most a megabyte of text.
shortened <- function(text) if (nchar(text, "bytes") > 1e6) paste0(substr(iconv(text, to = "UTF-8", sub = "byte"), 1L, 1e5), " ...") else text
