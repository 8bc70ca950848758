# A plan: passes compiled once, looked at, and run as often as one likes.

#' See what passes will do before they run
#'
#' `memPlan()` takes passes (see [memshare-pass]) and all that they need, checks that they fit together, and works out what will run:
#' a pass that is used twice runs once, equal data given twice is shared once, passes that meet element by element run together, and
#' every result is given back when its last reader is done. The plan knows the most shared memory it will take before the first byte is
#' shared, and is refused when that is more than there is.
#'
#' [memRun()] runs a plan, as often as one likes. What it shares stays in shared memory until the plan itself is garbage collected, so
#' that a further run costs only what changes: see `VARS` in [memRun()].
#'
#' @section Memory:
#' How large results are is known from `memControl(FUN.VALUE = )`, or from the last run in this session of a pass with the same code of FUN,
#' the same kind of collection and as many elements (see [memProfile()]); until then they are taken to be small, and the plan names them.
#' Where sizes are known, the peak is the most that a run takes. It counts what comes to the results of each chunk (some 200 bytes) as often as
#' there can be chunks: of many small results a run may take less. What FUN says by warnings and messages is not in it. A pass with
#' `memControl(profile = FALSE)` does not look at earlier runs.
#'
#' @section Errors:
#' Class `memshare_error_plan`, with the field `pass`: a registered variable that is not there (any more) or has another size, an
#' argument of FUN that nothing gives, passes of different namespaces. Class `memshare_error_memory_limit`: too little memory.
#'
#' @param ... Passes: those whose values [memRun()] is to give, or one list of them. Their names, or the variables' names, become their
#'   labels.
#' @param MAX.CORES The number of worker processes; by default the most that one of the passes asked for, or what the options say.
#' @param x,object A plan.
#' @param what `"tasks"`, `"resources"`: what lies in shared memory, from which step to which; or `"passes"`, with the time that FUN is
#'   expected to take where that is known.
#' @param row.names,optional Not used.
#' @return `memPlan()` gives an object of class `memshare_plan`; `as.data.frame()` one row a task, a resource or a pass.
#' @seealso [memRun()], [explain()], [memshare-pass]
#' @examples
#' m <- matrix(rnorm(60), 20)
#' lazy <- memControl(lazy = TRUE)
#' mu <- memApply(m, 2, mean, CONTROL = lazy)
#' s <- memApply(m, 2, sd, CONTROL = lazy)
#' z <- memLapply(
#'   1:3, function(j, m, mu, s) (m[, j] - mu[[j]]) / s[[j]],
#'   VARS = list(m = m, mu = mu, s = s), CONTROL = lazy
#' )
#' plan <- memPlan(z, s, MAX.CORES = 2)
#' plan
#' as.data.frame(plan, what = "resources")
#' str(memRun(plan))
#' @export
memPlan <- function(..., MAX.CORES = NULL) {
  call <- sys.call()
  asked <- asked_passes(list(...), as.list(substitute(list(...)))[-1L], call)
  plan <- new.env(parent = emptyenv())
  plan$roots <- asked$roots
  plan$given <- asked$labels
  plan$cores <- asked_cores(MAX.CORES, call)
  plan$main <- compiled(plan, plan$cores, character(), call, check = TRUE)
  plan$names <- ifelse(nzchar(asked$labels), asked$labels, vapply(plan$main$program$wanted, `[[`, "", "label"))
  plan$variants <- list()
  structure(list(plan), class = "memshare_plan")
}

# The passes in `...`, and what they are called there.
asked_passes <- function(passes, expressions, call) {
  if (length(passes) == 1L && typeof(passes[[1L]]) == "list" && !is.object(passes[[1L]]) && length(passes[[1L]])) {
    written <- as.list(expressions[[1L]])[-1L]
    passes <- passes[[1L]]
    expressions <- if (length(written) == length(passes)) written else vector("list", length(passes))
  }
  if (!length(passes)) abort_input("a pass is needed, as memLapply(..., CONTROL = memControl(lazy = TRUE)) makes one", call)
  for (i in seq_along(passes)) {
    if (is_pass(passes[[i]])) next
    abort_input(
      sprintf("argument %d is %s, and not a pass as memControl(lazy = TRUE) makes one", i, describe(passes[[i]])), call
    )
  }
  labels <- names(passes)
  if (is.null(labels)) labels <- character(length(passes))
  for (i in which(!nzchar(labels))) if (is.symbol(expressions[[i]])) labels[[i]] <- as.character(expressions[[i]])
  list(roots = lapply(passes, unwrap_pass), labels = unname(labels))
}

# A compiled plan for so many cores in which the data of the names in `split` can be replaced. Native code forgets it with the
# last reference to it.
compiled <- function(plan, cores, split, call, check = FALSE) {
  made <- new.env(parent = emptyenv())
  made$program <- compile(plan$roots, plan$given, cores, split, call)
  if (check) check_program(made$program, call)
  made$program$brief <- brief_of(made$program, "memRun")
  made$sides <- sides_of(made$program)
  made$mixed <- mixed_of(made$program)
  made$id <- 0L
  make_native(made, call)
  made
}

#' @rdname memPlan
#' @export
format.memshare_plan <- function(x, ...) {
  plan <- unwrap_pass(x)
  program <- plan$main$program
  made <- native_of(plan)
  title <- sprintf("<plan> for %s", shorten(plan$names))
  if (is.null(made)) return(c(title, "nothing to run: there are no elements"))
  c(
    title,
    sprintf(
      "%s in %s, %s, by up to %s", count_of(length(program$order), "pass", "passes"), count_of(made$stages, "stage"),
      count_of(nrow(made$tasks), "task"), count_of(program$spec$workers, "worker")
    ),
    sprintf("passes: %s", shorten(pass_counts(program))),
    shared_line(made$resources), peak_lines(plan),
    if (isTRUE(made$held_back)) "stages wait for each other, to stay within the budget"
  )
}

# "mu (5,000), s (5,000)".
pass_counts <- function(program) {
  sprintf("%s (%s)", program$labels, format_count(vapply(program$order, function(pass) as.double(pass$n), 0)))
}

# What is in shared memory besides results.
shared_line <- function(resources) {
  shared <- resources$scope == "shared"
  registered <- resources$scope == "registered"
  said <- c(
    if (any(shared)) paste("shares", shorten(sprintf("%s (%s)", resources$resource[shared], format_bytes(resources$bytes[shared])))),
    if (any(registered)) paste("reads registered", shorten(resources$resource[registered]))
  )
  if (length(said)) paste(said, collapse = "; ")
}

# The predicted peak and the budget; results whose size nobody knows are named, and measured by a run.
peak_lines <- function(plan) {
  made <- native_of(plan)
  budget <- if (is.finite(made$budget)) sprintf(" of %s", format_bytes(made$budget)) else ""
  unknown <- made$resources$resource[is.na(made$resources$bytes)]
  measured <- plan$measured$peak
  if (length(unknown) && !is.null(measured)) {
    return(sprintf("peak: %s%s shared memory, as measured in the last run", format_bytes(measured), budget))
  }
  text <- sprintf("peak: %s%s shared memory", format_bytes(made$peak), budget)
  if (!is.null(measured)) return(c(text, sprintf("measured in the last run: peak %s", format_bytes(measured))))
  if (!length(unknown)) return(text)
  sprintf("%s, apart from results whose size shows in the first run: %s", text, shorten(unknown, 4L))
}

#' @rdname memPlan
#' @export
print.memshare_plan <- function(x, ...) print_lines(x)

#' @rdname memPlan
#' @export
summary.memshare_plan <- function(object, ...) {
  plan <- unwrap_pass(object)
  program <- plan$main$program
  passes <- vapply(seq_along(program$order), function(i) {
    paste0(program$labels[[i]], ": ", describe_pass(program$order[[i]], program$order, program$labels))
  }, "")
  resources <- if (!is.null(plan$main$native)) as.data.frame(object, what = "resources")
  document <- if (!is.null(plan$main$native)) document_of(object, chunks = FALSE)
  plan_summary(format(object), passes, resources, document)
}

# What is known of a plan: its lines, its passes in words, its resources, how long it is expected to take.
plan_summary <- function(head, passes, resources, document) {
  predicted <- document$predicted_fun_seconds
  least <- if (length(predicted)) max(predicted / document$workers, unlist(document$critical_path$seconds))
  structure(
    list(
      head = head, passes = passes, resources = resources, predicted = predicted, least = least,
      advice = as.character(unlist(document$advice))
    ),
    class = "memshare_plan_summary"
  )
}

#' @export
format.memshare_plan_summary <- function(x, ...) {
  resources <- x$resources
  more <- max(NROW(resources) - 20L, 0L)
  if (more > 1L) resources <- resources[sort(order(resources$bytes, decreasing = TRUE)[1:20]), ]
  lives <- if (length(resources) && nrow(resources)) {
    sprintf(
      "%s (%s, %s)%s%s", short_text(resources$resource, 30L), format_bytes(resources$bytes), resources$scope,
      ifelse(is.na(resources$born), "", sprintf(
        " from step %s%s", resources$born, ifelse(is.na(resources$last_read), "", sprintf(" to %s", resources$last_read))
      )),
      ifelse(nzchar(resources$read_by), sprintf(", read by %s", short_text(resources$read_by, 60L)), "")
    )
  }
  passes <- x$passes
  if (length(passes) > 21L) passes <- c(passes[1:20], sprintf("and %d more", length(passes) - 20L))
  c(
    x$head, "passes in order:", paste0("  ", passes),
    if (length(lives)) c("in shared memory:", paste0("  ", lives), if (more > 1L) sprintf("  and %d more", more)),
    if (length(x$predicted)) {
      sprintf("FUN is expected to take %s in all, the run at least %s", format_seconds(x$predicted), format_seconds(x$least))
    },
    if (length(x$advice)) paste("advice:", x$advice)
  )
}

#' @export
print.memshare_plan_summary <- function(x, ...) print_lines(x)

#' @rdname memPlan
#' @export
as.data.frame.memshare_plan <- function(x, row.names = NULL, optional = FALSE, what = c("tasks", "resources", "passes"), ...) {
  what <- check_choice(what[[1L]], c("tasks", "resources", "passes"), "what", NULL)
  plan <- unwrap_pass(x)
  if (what == "passes") return(if (is.null(plan$main$native)) data.frame() else passes_table(document_of(x, chunks = FALSE)))
  table <- native_of(plan)[[what]]
  if (is.null(table)) return(data.frame())
  if (what == "resources" && !is.null(plan$measured)) {
    unknown <- is.na(table$bytes)
    table$bytes[unknown] <- plan$measured$bytes[match(table$resource[unknown], plan$measured$names)]
  }
  table
}

#' @exportS3Method utils::str memshare_plan
str.memshare_plan <- function(object, ...) cat("", harmless(format(object)[[1L]]), "\n")
