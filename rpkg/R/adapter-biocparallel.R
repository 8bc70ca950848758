# A back end of package BiocParallel, by its interface for developers of back ends: tasks that it makes of a call are the elements of a run, and
# what is the same in all of them (FUN, its arguments, exported variables) is shared once.

#' Run BiocParallel on shared memory
#'
#' `MemshareParam()` is a parameter object of package BiocParallel, like its own `MulticoreParam()`: `bplapply(X, FUN, BPPARAM =
#' MemshareParam())`. Each call is one run on warm workers, what FUN and its arguments hold is shared once, and deaths of workers are
#' survived. `bplapply()`, `bpmapply()`, `bpvec()`, `bpiterate()`, `BPREDO`, `bpok()`, `bptry()`, logs, time limits and progress are
#' BiocParallel's own; random numbers are those of its other parameter objects with the same `RNGseed`.
#'
#' @param workers The number of workers; by default what the options say, see [memshare-options].
#' @param tasks Into how many tasks a call is cut; by default (0) ten for each worker, so that none waits long for another. `bpvec()` calls FUN once for
#'   each worker by default.
#' @param stop.on.error,progressbar,RNGseed,timeout,log,threshold,exportglobals As `BiocParallel::SnowParam()` has them. Workers have the session's
#'   options whatever `exportglobals` says.
#' @return An object of reference class `MemshareParam`, which is a `BiocParallelParam`.
#' @seealso [memLapply()], [registerDoMemshare()]
#' @examples
#' if (requireNamespace("BiocParallel", quietly = TRUE)) {
#'   param <- MemshareParam(workers = 2)
#'   unlist(BiocParallel::bplapply(1:4, function(i) i^2, BPPARAM = param))
#' }
#' @export
MemshareParam <- function(workers = NULL, tasks = 0L, stop.on.error = TRUE, progressbar = FALSE, RNGseed = NULL, timeout = NULL, log = FALSE,
                          threshold = "INFO", exportglobals = TRUE) {
  call <- sys.call()
  needs_package("BiocParallel", "MemshareParam()", call)
  workers <- worker_count(workers, call, "workers")
  tasks <- check_count(tasks, "tasks", 0, call, optional = FALSE)
  RNGseed <- check_count(RNGseed, "RNGseed", -.Machine$integer.max, call, most = .Machine$integer.max)
  timeout <- check_count(timeout, "timeout", 1, call, most = .Machine$integer.max)
  check_flag(stop.on.error, "stop.on.error", call)
  check_flag(progressbar, "progressbar", call)
  check_flag(log, "log", call)
  check_flag(exportglobals, "exportglobals", call)
  check_choice(threshold, c("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"), "threshold", call)
  prototype <- BiocParallel::.prototype_update(
    BiocParallel::.BiocParallelParam_prototype,
    workers = workers, tasks = as.integer(tasks), stop.on.error = stop.on.error, progressbar = progressbar,
    RNGseed = if (!is.null(RNGseed)) as.integer(RNGseed), timeout = if (is.null(timeout)) NA_integer_ else as.integer(timeout), log = log,
    threshold = threshold, exportglobals = exportglobals, fallback = FALSE
  )
  do.call(bioc_classes()$MemshareParam, prototype)
}

# The classes and methods, which are made when they are first asked for: BiocParallel need not be there. They live where they find its generics.
bioc_classes <- function() {
  if (!is.null(state$bioc)) return(state$bioc)
  where <- new.env(parent = asNamespace("BiocParallel"))
  where$.packageName <- "memshare"
  param <- methods::setRefClass("MemshareParam", contains = "BiocParallelParam", fields = list(up = "logical"), where = where)
  manager <- methods::setClass("MemshareTasks", methods::representation(kept = "environment"), where = where)
  method <- function(generic, class, definition) methods::setMethod(generic, class, definition, where = where)
  method("bpisup", "MemshareParam", function(x) isTRUE(x$up))
  method("bpstart", "MemshareParam", function(x, ...) {
    x$up <- TRUE
    BiocParallel::.bpstart_impl(x)
    invisible(x)
  })
  method("bpstop", "MemshareParam", function(x) {
    BiocParallel::.bpstop_impl(x)
    x$up <- FALSE
    invisible(x)
  })
  bioc_sizes(method)
  method("bpbackend", "MemshareParam", function(x) x)
  method(".manager", "MemshareParam", function(BPPARAM) {
    manager(kept = list2env(list(workers = BPPARAM$workers, capacity = BiocParallel::bptasks(BPPARAM), tasks = list()), parent = emptyenv()))
  })
  method(".manager_send", "MemshareTasks", function(manager, value, ...) bioc_add(manager@kept, value))
  method(".manager_recv", "MemshareTasks", function(manager) bioc_run(manager@kept))
  method(".manager_recv_all", "MemshareTasks", function(manager) bioc_run(manager@kept))
  method(".manager_send_all", "MemshareTasks", function(manager, value) for (i in seq_len(manager@kept$workers)) bioc_add(manager@kept, value))
  method(".manager_capacity", "MemshareTasks", function(manager) manager@kept$capacity)
  method(".manager_flush", "MemshareTasks", function(manager) manager)
  method(".manager_cleanup", "MemshareTasks", function(manager) manager)
  bioc_task_class(method, where)
  state$bioc <- list(MemshareParam = param)
  state$bioc
}

# How many workers there are, and tasks.
bioc_sizes <- function(method) {
  method("bpworkers", "MemshareParam", function(x) x$workers)
  method("bpworkers<-", c("MemshareParam", "numeric"), function(x, value) {
    x$workers <- worker_count(value, sys.call(-1L), "value")
    x
  })
  method("bptasks", "MemshareParam", function(x) if (x$tasks > 0L) x$tasks else 10L * x$workers)
  theirs <- methods::selectMethod("bpvec", c("ANY", "BiocParallelParam"))
  # Versions of BiocParallel differ in its arguments.
  names <- names(formals(theirs))
  given <- stats::setNames(lapply(names, as.name), ifelse(names == "...", "", names))
  whole <- as.function(c(formals(theirs), bquote({
    if (BPPARAM$tasks == 0L) {
      BPPARAM$tasks <- BPPARAM$workers
      on.exit(BPPARAM$tasks <- 0L)
    }
    .(as.call(c(theirs, given)))
  })), environment(theirs))
  method("bpvec", c("ANY", "MemshareParam"), whole)
}

# What stands for the session on a worker: it gives one task, takes its value, and then has no other.
bioc_task_class <- function(method, where) {
  methods::setClass("MemshareTaskOfOne", methods::representation(kept = "environment"), where = where)
  method(".recv", "MemshareTaskOfOne", function(worker) {
    task <- worker@kept$task
    worker@kept$task <- list(type = "DONE")
    task
  })
  method(".send", "MemshareTaskOfOne", function(worker, value) worker@kept$value <- value)
  method(".close", "MemshareTaskOfOne", function(worker) invisible(NULL))
}

# Another task of the batch that is gathered; what all tasks have in common is kept once.
bioc_add <- function(kept, task) {
  if (!length(kept$tasks)) kept$common <- BiocParallel::.task_const(task)
  kept$tasks[[length(kept$tasks) + 1L]] <- BiocParallel::.task_dynamic(task)
}

# Runs the batch. The values are as BiocParallel takes them. FUN travels with what it needs, and not, as a part of the data, with all that its
# frames hold.
bioc_run <- function(kept) {
  tasks <- kept$tasks
  kept$tasks <- list()
  shared <- list(common = kept$common)
  shared$fun <- kept$common$args$FUN
  shared$common$args["FUN"] <- list(NULL)
  memLapply(tasks, bioc_task, VARS = shared, MAX.CORES = kept$workers, CONTROL = memControl(chunk = 1))
}

# Runs on a worker: one task, by BiocParallel's own worker, which finds this task and then that there is no other.
bioc_task <- function(task, common, fun) {
  bioc_classes()
  common$args["FUN"] <- list(fun)
  one <- methods::new("MemshareTaskOfOne", kept = list2env(list(task = BiocParallel::.task_remake(task, common)), parent = emptyenv()))
  BiocParallel::.bpworker_impl(one)
  list(value = one@kept$value)
}
