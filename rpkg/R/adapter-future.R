# A back end of package future: futures are evaluated by the nodes of a memCluster(), and their globals travel as references. The evaluation
# itself (output, conditions, random numbers, nested plans) is future's own. Before version 1.40 of future its cluster futures are used.

#' Run futures on shared memory
#'
#' `plan(memshare)` has futures of package future, and with them future.apply, furrr, doFuture and others, run in R processes of this machine
#' that take big globals from shared memory: a global of `memshare.share` bytes and more (see [memshare-options]) is put there once,
#' however many futures use it, and each process reads it in place; so are big values of futures.
#'
#' What futures promise holds: values, errors, warnings, messages and output are relayed as by `plan(multisession)`, those of class
#' `immediateCondition` (progress of package progressr) while the future runs; random numbers are future's own; nested plans work. As with
#' `multisession`, `workers = 1` means no process besides the session, and `workers = I(1)` one.
#'
#' A process that dies ends its future with an error of class `FutureInterruptError` (`FutureError` before future 1.40) and
#' `memshare_error_node_died`, which names it; another process takes its place. `cancel()` interrupts what a future is at, and
#' replaces its process if that does not listen within a second. The processes end with the plan; before version 1.40 of future, which does not
#' tell a plan that another takes its place, they end with the session.
#'
#' @param workers The number of processes; by default what the options say, see [memshare-options].
#' @param ... Other arguments of future's back ends, like `earlySignal`.
#' @return A function that is used by `future::plan()` only, and not called.
#' @seealso [memCluster()], whose processes these are; [memLapply()]
#' @examples
#' if (requireNamespace("future", quietly = TRUE) && packageVersion("future") >= "1.40") {
#'   future::plan(memshare, workers = 2)
#'   x <- runif(1e6)
#'   f <- future::future(mean(x))
#'   print(future::value(f) == mean(x))
#'   future::plan(future::sequential)
#' }
#' @name memshare-futures
#' @export
memshare <- structure(
  function(..., workers = NULL) cluster_future(..., workers = workers),
  class = c("memshare", "multiprocess", "future", "function"), init = TRUE, factory = function(...) future_backend_once(list(...)),
  tweakable = c("workers", "earlySignal", "gc", "maxSizeOfObjects", "interrupts", "hooks"), cleanup = function() end_future_cluster()
)

# Called by plan(), which names an argument twice where a plan is made of another one.
future_backend_once <- function(arguments) do.call(future_backend, arguments[!duplicated(names(arguments), fromLast = TRUE)])

future_backend <- function(workers = NULL, ...) {
  workers <- workers_asked(workers)
  if (workers$none) return(getExportedValue("future", "SequentialFutureBackend")(...))
  backend <- getExportedValue("future", "MultiprocessFutureBackend")(...)
  backend$futureClasses <- c("MemshareFuture", backend$futureClasses)
  backend$workers <- workers$count
  start_future_nodes(backend)
  structure(backend, class = c("MemshareFutureBackend", class(backend)))
}

# How many workers a plan asks for: the `count`, and whether there are to be `none` besides the session.
workers_asked <- function(workers) {
  if (is.function(workers)) workers <- workers()
  count <- worker_count(unclass(workers), argument = "workers")
  list(count = count, none = count == 1L && !inherits(workers, "AsIs"))
}

# A place for each node has the future that runs there. In a forked child the nodes are its parent's.
start_future_nodes <- function(backend) {
  backend$cluster <- memCluster(backend$workers)
  backend$process <- Sys.getpid()
  backend$running <- vector("list", backend$workers)
}

nbrOfWorkers.MemshareFutureBackend <- function(evaluator) evaluator$workers

nbrOfFreeWorkers.MemshareFutureBackend <- function(evaluator, ...) sum(vapply(evaluator$running, is.null, NA))

listFutures.MemshareFutureBackend <- function(backend, ...) {
  futures <- Filter(Negate(is.null), backend$running)
  field <- function(name, none) vapply(futures, function(future) if (is.null(future[[name]])) none else future[[name]], none)
  listed <- data.frame(
    counter = vapply(futures, function(future) as.integer(future$uuid[[2L]]), 0L), start = field("start", NA_real_),
    label = field("label", NA_character_), resolved = vapply(futures, function(future) future::resolved(future), NA)
  )
  listed$future <- lapply(futures, list)
  listed
}

stopWorkers.MemshareFutureBackend <- function(backend, interrupt = TRUE, ...) {
  if (is.null(backend$cluster) || backend$process != Sys.getpid()) return(TRUE)
  for (future in Filter(Negate(is.null), backend$running)) future_lost(future, "the plan was changed while it ran", "FutureInterruptError")
  backend$running <- vector("list", backend$workers)
  parallel::stopCluster(backend$cluster)
  backend$cluster <- NULL
  TRUE
}

launchFuture.MemshareFutureBackend <- function(backend, future, ...) {
  # One that was stopped is put back by plan() too.
  if (is.null(backend$cluster) || backend$process != Sys.getpid()) start_future_nodes(backend)
  future$backend <- backend
  future$slot <- free_slot(backend)
  message <- future_message(future)
  tryCatch(
    {
      future$pid <- node_at_rest(node_of(future))
      sendData.memshareNode(.subset2(backend$cluster, future$slot), message)
    },
    memshare_error = function(e) stop(future_lost(future, conditionMessage(e), "FutureLaunchError", e)$result)
  )
  future$state <- "running"
  backend$running[[future$slot]] <- future
  invisible(future)
}

# The process of a node that is at nothing. One that died then lost nothing: another takes its place.
node_at_rest <- function(node) {
  if (!is.null(node$pid) && !is.null(native(ms_node_ended(node$pid)))) end_node(node)
  if (is.null(node$con)) start_nodes(list(node), 60, NULL)
  node$pid
}

# What a node is to do. Big globals that share nothing with others are arguments of their own: so each is known by its content.
future_message <- function(future) {
  data <- utils::getFromNamespace("getFutureData", "future")(future, mc.cores = 1L)
  globals <- unclass(data$core$globals)
  apart <- which(vapply(globals, function(x) {
    about <- native(ms_survey(x))
    about[[1L]] == 0 && about[[2L]] >= option_share()
  }, NA))
  data$core$globals <- with_items(data$core$globals, apart, list(NULL))
  list(type = "EXEC", data = list(fun = future_task(data, apart, isTRUE(future$gc)), args = unname(globals[apart]), return = TRUE))
}

# Runs on a node. What the last future left in the global environment goes, as from other back ends.
future_task <- function(data, apart, collect) {
  function(...) {
    rm(list = ls(globalenv(), all.names = TRUE), envir = globalenv())
    if (collect) gc()
    data$core$globals <- with_items(data$core$globals, apart, list(...))
    utils::getFromNamespace("evalFuture", "future")(data)
  }
}

# Globals with other values at some places; the method of their class wants names.
with_items <- function(globals, at, values) {
  if (!length(at)) return(globals)
  class <- oldClass(globals)
  globals <- unclass(globals)
  globals[at] <- values
  structure(globals, class = class)
}

node_of <- function(future) .subset2(.subset2(future$backend$cluster, future$slot), 1L)

# A place where no future runs, which is waited for.
free_slot <- function(backend) {
  repeat {
    for (future in backend$running) if (!is.null(future) && collect_future(future, 0) && isTRUE(future$earlySignal)) future::resolved(future)
    free <- which(vapply(backend$running, is.null, NA))
    if (length(free)) return(free[[1L]])
    socketSelect(lapply(backend$running, function(future) node_of(future)$con), FALSE, 3600)
  }
}

# Takes what the future's node has sent, waiting so many seconds. TRUE when its result, or what became of it, is known.
collect_future <- function(future, seconds) {
  while (is.null(future$result)) {
    node <- node_of(future)
    if (!socketSelect(list(node$con), FALSE, seconds)) return(FALSE)
    answer <- future_answer(future, node)
    if (isTRUE(answer$interim)) relay_condition(future, answer$value) else if (!is.null(answer)) future_done(future, answer)
  }
  TRUE
}

# One message of a future's node; NULL when it died, which is the future's result then.
future_answer <- function(future, node) {
  whole <- FALSE
  # An interrupt within a message leaves the rest of it in the connection.
  on.exit(if (!whole) {
    future_lost(future, "receiving its result was interrupted", "FutureInterruptError")
    end_node(node)
  })
  answer <- tryCatch(answer_of(node), memshare_error_node_died = function(e) {
    future_lost(future, conditionMessage(e), "FutureInterruptError", e)
    NULL
  })
  whole <- TRUE
  answer
}

# What a node could not do at all comes as the error's text.
future_done <- function(future, answer) {
  value <- answer$value
  if (!inherits(value, c("FutureResult", "FutureError"))) {
    said <- if (answer$success) "its process sent something else" else paste(unclass(value), collapse = "; ")
    return(future_lost(future, said, "FutureError"))
  }
  if (inherits(value, "FutureResult")) value$conditions <- c(future$.signaledConditions, value$conditions)
  future$.signaledConditions <- NULL
  future$backend$running[future$slot] <- list(NULL)
  future$result <- value
  if (future$state != "canceled") future$state <- if (inherits(value, "FutureError")) "failed" else "finished"
  # Those that are to be signaled at once, and were not sent on the way.
  if (inherits(value, "FutureResult")) utils::getFromNamespace("signalImmediateConditions", "future")(future)
}

# A condition that the future signals while it runs. It is known to be signaled when the result comes.
relay_condition <- function(future, condition) {
  future$.signaledConditions <- c(future$.signaledConditions, list(list(condition = condition, signaled = 1L)))
  if (inherits(condition, "warning")) warning(condition) else if (inherits(condition, "message")) message(condition) else signalCondition(condition)
}

# The future has no result: this is its error, with the classes and fields of what it comes from.
future_lost <- function(future, why, class, from = NULL) {
  label <- if (is.null(future$label) || is.na(future$label)) "without a label" else sprintf("'%s'", harmless(future$label))
  where <- if (is.null(future$pid)) "" else sprintf(" in process %d", future$pid)
  make <- get0(class, envir = asNamespace("future"), inherits = FALSE)
  # Some kinds are newer than others.
  if (is.null(make)) make <- future::FutureError
  error <- make(sprintf("a future (%s)%s has no value: %s", label, where, why), future = future)
  fields <- unclass(from)[c("node", "task")]
  error[names(fields)] <- fields
  class(error) <- unique(c(setdiff(class(from), c("error", "condition")), class(error)))
  future$backend$running[future$slot] <- list(NULL)
  future$result <- error
  future$state <- if (inherits(error, "FutureInterruptError")) "interrupted" else "failed"
  invisible(future)
}

interruptFuture.MemshareFutureBackend <- function(backend, future, ...) {
  if (!isTRUE(backend$interrupts) || is.null(backend$running[[future$slot]])) return(future)
  node <- node_of(future)
  native(ms_node_interrupt(node$pid))
  until <- elapsed() + 1
  while (elapsed() < until && !collect_future(future, max(until - elapsed(), 0))) NULL
  # It is at something that does not listen.
  if (is.null(future$result)) end_node(node)
  future_lost(future, "it was cancelled", "FutureCanceledError")
}

# R CMD check asks that it be registered with our generic of this name too; from there it comes to future's by the default.
#' @export
resolved.MemshareFuture <- function(x, ...) {
  collect_own(x, 0)
  NextMethod()
}

#' @exportS3Method future::result MemshareFuture
result.MemshareFuture <- function(future, ...) {
  while (!collect_own(future, 3600)) NULL
  if (inherits(future$result, "FutureError")) stop(future$result)
  future$result
}

# A future belongs to the process that made it, until its result is known.
collect_own <- function(future, seconds) {
  if (is.null(future$result)) utils::getFromNamespace("assertOwner", "future")(future)
  collect_future(future, seconds)
}

# Conditions that are to come while the future runs.
getFutureBackendConfigs.MemshareFuture <- function(future, ...) {
  classes <- future$conditions
  immediate <- attr(classes, "immediateConditionClasses", exact = TRUE)
  if (is.null(classes) || (!is.null(immediate) && !length(immediate))) return(list())
  list(capture = list(immediateConditionHandlers = list(immediateCondition = tell_session)))
}

# To be called when this package is loaded.
register_future_methods <- function() when_loaded("future", register_with_future)

# The methods of the generics that only some versions have, or that only some call for our plan; and of resolved(), for R 4.2 has NAMESPACE
# name another package's generic only where we have none of that name.
register_with_future <- function(package) {
  future <- asNamespace(package)
  methods <- if (has_backends()) {
    c(
      MemshareFutureBackend = "nbrOfWorkers", MemshareFutureBackend = "nbrOfFreeWorkers", MemshareFutureBackend = "listFutures",
      MemshareFutureBackend = "stopWorkers", MemshareFutureBackend = "launchFuture", MemshareFutureBackend = "interruptFuture",
      MemshareFuture = "resolved", MemshareFuture = "getFutureBackendConfigs"
    )
  } else {
    c(memshare = "nbrOfWorkers", memshare = "nbrOfFreeWorkers")
  }
  for (i in seq_along(methods)) {
    generic <- methods[[i]]
    class <- names(methods)[[i]]
    if (!exists(generic, envir = future, mode = "function", inherits = FALSE)) next
    registerS3method(generic, class, get(paste(generic, class, sep = ".")), envir = future)
  }
}

# Whether this version of future has backends, as from 1.40 on; before, a plan is a function that is called for each future.
has_backends <- function() !is.null(asNamespace("future")$launchFuture)

# Without backends: a future of future's own for clusters, on a cluster that is kept as long as the plan asks for as many.
cluster_future <- function(..., workers) {
  if (has_backends()) {
    abort_input("memshare() makes no future by itself: write plan(memshare), and then future() or what uses futures")
  }
  workers <- workers_asked(workers)
  if (workers$none) return(future::sequential(...))
  future::cluster(..., workers = future_cluster(workers$count))
}

future_cluster <- function(workers) {
  if (length(state$future_cluster) != workers) {
    end_future_cluster()
    state$future_cluster <- structure(memCluster(workers), name = paste0("memshare-", random_id()))
    # One future's end is not that of others.
    group <- state$future_cluster[[1L]]$group
    group$apart <- TRUE
  }
  state$future_cluster
}

end_future_cluster <- function() {
  if (!is.null(state$future_cluster)) parallel::stopCluster(state$future_cluster)
  state$future_cluster <- NULL
}

workers_of_plan <- function(evaluator) workers_asked(eval(formals(evaluator)$workers, baseenv()))$count

nbrOfWorkers.memshare <- function(evaluator) workers_of_plan(evaluator)

nbrOfFreeWorkers.memshare <- function(evaluator, background = FALSE, ...) {
  workers <- workers_of_plan(evaluator)
  if (length(state$future_cluster) != workers) return(workers)
  registry <- utils::getFromNamespace("FutureRegistry", "future")
  workers - length(registry(paste0("workers-", attr(state$future_cluster, "name")), action = "list", earlySignal = FALSE))
}
