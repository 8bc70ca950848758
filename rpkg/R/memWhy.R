# What keeps a variable's memory: asked when /dev/shm is fuller than it should be.

#' What keeps a shared variable alive, or a task from running
#'
#' `memWhy()` says who has a variable registered, which views and runs use it, which processes have it mapped, and what has to happen
#' for its memory to go. It also knows a variable whose name was released, for as long as anybody still has its memory.
#'
#' Of a plan, a run or the handle of a run that goes on, `memWhy(x, "z")` says why a task or pass is not running: which tasks it waits for,
#' that memory holds it back, that no worker is there or nothing left to claim, which worker is at which element of it, or since when
#' it is done.
#'
#' @param namespace The namespace; or a plan of [memPlan()], a run of [memLastRun()], or a handle of `memRun(wait = FALSE)`.
#' @param name The variable's name; or the pass (`"z"`) or task (`"map z"`, `"gather z"`).
#' @return Of a variable, a data frame of class `memshare_why`, one row a reason: `reason` (`"registered"`, `"view"`, `"run"`, `"mapped"`,
#'   `"file"`), `pid` and `process` of the process it stands for, `detail` in words, `bytes`. Of mapped memory the bytes are those of the
#'   mapping; memory that several processes map is there once. What would free it is the attribute `frees`; printing shows it as the last
#'   line. An error of class `memshare_error_not_allocated` says that nothing is known of the name: no memory is in use for it.
#'
#'   Of a task, a data frame of class `memshare_why_task`, one row a reason: `reason` (`"waits"`, `"waited"`, `"memory"`, `"running"`,
#'   `"asleep"`, `"absent"`), `what` it is about, `detail`; the answer in a sentence is its attribute `answer`. An unknown name is an error
#'   of class `memshare_error_unknown` with the field `nearest`.
#' @seealso [releaseVariables()], [memshare_gc()], [viewList()]
#' @examples
#' registerVariables("demo", list(x = rnorm(1e5)))
#' view <- retrieveViews("demo", "x")$x
#' memWhy("demo", "x")
#' releaseVariables("demo", "x")
#' memWhy("demo", "x")
#' releaseViews("demo", "x")
#' rm(view)
#' invisible(gc())
#' try(memWhy("demo", "x"))
#'
#' lazy <- memControl(lazy = TRUE)
#' mu <- memLapply(1:4, function(i) i, CONTROL = lazy)
#' z <- memLapply(1:4, function(i, mu) i - mu[[i]], VARS = list(mu = mu), CONTROL = lazy)
#' plan <- memPlan(z, MAX.CORES = 1)
#' memWhy(plan, "z")
#' invisible(memRun(plan))
#' memWhy(memLastRun(), "z")
#' @export
memWhy <- function(namespace, name) {
  call <- sys.call()
  check_given(c(namespace = missing(namespace), name = missing(name)), call)
  if (inherits(namespace, c("memshare_plan", "memshare_run", "memshare_handle"))) return(why_task(namespace, name, call))
  namespace <- check_namespace(namespace, call)
  name <- check_string(name, "name", call)
  configure_place()
  found <- native(ms_why(namespace, name), call)
  workers <- native(ms_pool_status(), call)$pids
  rows <- why_rows(found, workers)
  structure(
    rows,
    namespace = namespace, name = name, frees = why_frees(found, namespace, name), class = c("memshare_why", "data.frame")
  )
}

# One row a reason.
why_rows <- function(found, workers) {
  row <- function(reason, pid, process, detail, bytes) {
    data.frame(reason = reason, pid = pid, process = process, detail = detail, bytes = bytes, stringsAsFactors = FALSE)
  }
  rows <- list(row(character(), integer(), character(), character(), numeric()))
  known <- found$registered
  if (!is.null(known)) {
    detail <- if (!known$alive) "its session is dead" else if (known$writable) "can be written into" else "holds the name"
    rows <- c(rows, list(row("registered", known$pid, why_process(known$pid, "", workers), detail, known$bytes)))
  }
  if (found$views) {
    detail <- paste(count_of(found$views, "view"), "retrieved and not released")
    rows <- c(rows, list(row("view", Sys.getpid(), "this session", detail, NA_real_)))
  }
  former <- function(current) if (!current && !is.null(known)) ", of a variable of this name that was released" else ""
  for (i in seq_along(found$runs$pid)) {
    run <- lapply(found$runs, `[[`, i)
    detail <- paste0("a call reads it", former(run$current))
    rows <- c(rows, list(row("run", run$pid, why_process(run$pid, run$command, workers), detail, run$bytes)))
  }
  for (i in seq_along(found$mapped$pid)) {
    user <- lapply(found$mapped, `[[`, i)
    detail <- paste0(count_of(user$mappings, "mapping"), former(user$current))
    rows <- c(rows, list(row("mapped", user$pid, why_process(user$pid, user$command, workers), detail, user$bytes)))
  }
  if (!is.null(found$file)) {
    detail <- sprintf("%s, from byte %.0f on", found$file$path, found$file$offset)
    rows <- c(rows, list(row("file", NA_integer_, "", detail, found$file$bytes)))
  }
  do.call(rbind, rows)
}

why_process <- function(pid, command, workers) {
  if (is.na(pid)) return("a session")
  if (pid == Sys.getpid()) return("this session")
  if (pid %in% workers) return("a worker of this session")
  if (nzchar(command)) command else "another process"
}

# What has to happen for the memory to go, in a sentence.
why_frees <- function(found, namespace, name) {
  known <- found$registered
  here <- found$mapped$pid == Sys.getpid()
  views <- sum(found$mapped$mappings[here])
  elsewhere <- unique(found$mapped$pid[!here])
  keep <- function(n) if (n == 1) "keeps" else "keep"
  keepers <- c(
    if (views) {
      sprintf("%s of this session %s the memory until %s collected", count_of(views, "view"), keep(views),
              if (views == 1) "it is" else "they are")
    },
    if (length(found$runs$pid)) {
      n <- length(found$runs$pid)
      sprintf("%s %s it until %s", count_of(n, "running call"), keep(n), if (n == 1) "it ends" else "they end")
    },
    if (length(elsewhere)) {
      n <- length(elsewhere)
      sprintf("%s %s %s it until done with it", if (n == 1) "process" else "processes", paste(elsewhere, collapse = ", "), keep(n))
    }
  )
  release <- sprintf("releaseVariables(%s, %s)", encodeString(namespace, quote = '"'), encodeString(name, quote = '"'))
  name_goes <- if (is.null(known)) {
    if (length(keepers)) "its name is released"
  } else if (!known$alive) {
    "its session is dead: the next session that shares something removes it"
  } else if (known$mine) {
    if (length(keepers)) paste(release, "takes the name") else paste(release, "frees it")
  } else {
    sprintf("process %d has to release it (%s there), or to end", known$pid, release)
  }
  if (is.null(name_goes)) {
    return(if (found$views) "nothing keeps it: it is gone; releaseViews() drops the claim" else "nothing keeps it: it is gone")
  }
  paste(c(name_goes, keepers), collapse = "; ")
}

#' @export
format.memshare_why <- function(x, ...) {
  where <- ifelse(is.na(x$pid), x$process, sprintf("%s (%d)", x$process, x$pid))
  bytes <- vapply(x$bytes, function(b) if (is.na(b)) "" else format_bytes(b), "")
  lines <- if (nrow(x)) paste0("  ", format(x$reason), "  ", format(where), "  ", format(x$detail), "  ", bytes)
  c(paste0(attr(x, "namespace"), ".", attr(x, "name")), sub(" +$", "", lines), attr(x, "frees"))
}

#' @export
print.memshare_why <- function(x, ...) {
  # A part of it that lost its attributes is a plain data frame.
  if (is.null(attr(x, "frees"))) return(NextMethod())
  cat_lines(format(x))
  invisible(x)
}
