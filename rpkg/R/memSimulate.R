# What a plan would take on other numbers of workers: the scheduler itself on a virtual clock, with costs that were measured.

#' What more workers, or another schedule, would bring
#'
#' `memSimulate()` runs a plan on a virtual clock, with the scheduler that runs it in earnest, and tells how long it would take with other
#' numbers of workers. FUN is not called: what its elements cost comes from `profile`, from the passes' own `memControl(profile = )` or
#' `memControl(cost = )`, or from the last run of the same passes.
#'
#' The bytes of shared memory are those of results as large as `FUN.VALUE` says or as they were in the last run.
#'
#' What it does not know: that workers share memory bandwidth, caches and cores. Where that counts it promises too much.
#'
#' With `hosts` the plan runs over so many hosts of a cluster, each with `workers` of its own: the session grants them blocks of elements as in a
#' call with `CLUSTER`, and its link carries their data and results, one message after the other in each direction. A pass that reads another as a whole
#' begins when that is through and its values have come to the session. The tree of a [memReduce()] is that of the plan, which was made for so many workers
#' as `memPlan(MAX.CORES = )` says: for many more its parts are too large to be shared evenly. All hosts are alike.
#'
#' Passes of which nothing is known, beside others that are known, are taken to cost as much an element as these on average; what brings
#' results together (combining, binding) is taken to cost nothing until it was measured. Relative costs count as seconds, unless a run
#' measured how long all of them take. A message of class `memshare_message_assumed` says so.
#'
#' @param plan A plan of [memPlan()], a pass (see [memshare-pass]), or a list of passes.
#' @param workers Numbers of workers.
#' @param profile A profile of [memProfile()], the seconds of the elements (one number each, or one for all), or a named list of these by the
#'   passes' labels.
#' @param schedule One or several schedules, see [memControl()]; by default what the passes ask for.
#' @param overhead Seconds that a chunk takes beside its elements; by default as measured, or else 20 microseconds.
#' @param chunk The elements of a chunk where `schedule` is `"fixed"`.
#' @param known `FALSE`: the schedule does not know what the elements cost, as in a first run.
#' @param hosts `NULL` for this machine, or numbers of hosts.
#' @param bandwidth Bytes a second that the session's link carries in each direction, for all hosts together; by default those of 1 Gbit/s.
#' @param latency Seconds that a message is on its way besides.
#' @param x A simulation.
#' @param ... Further arguments of [graphics::plot.default()].
#' @return A data frame of class `memshare_simulation`: a row for each schedule and number of workers, with `makespan` (seconds from begin to
#'   end), `speedup` (over one worker without any overhead), `bound` (no schedule ends before: all work shared evenly, or the longest
#'   element), `efficiency`, `idle` and `overhead` (parts of the workers' time), `chunks`, `recuts` (how often costs misled), and `peak`
#'   (bytes of shared memory). With `hosts` there is a row for each schedule, number of hosts and number of workers of each; `peak` is that of
#'   the host that needs most, with all data that it is sent, and there are `hosts`, `bytes` (what crosses the network) and `link` (the part of the
#'   time in which the link's busier direction carries something: near 1, the network is the bound).
#' @seealso [memCompare()], [memProfile()], [memPlan()]
#' @examples
#' lazy <- memControl(lazy = TRUE)
#' squares <- memLapply(1:1000, function(i) i^2, CONTROL = lazy)
#' # 1,000 elements of 1 to 2 ms
#' memSimulate(squares, workers = c(2, 8, 64), profile = seq(0.001, 0.002, length.out = 1000))
#'
#' plan <- memPlan(squares)
#' invisible(memRun(plan, MAX.CORES = 2))
#' memSimulate(plan)
#' # Over 1, 10 and 100 hosts of 64 workers, by a link of 10 Gbit/s
#' memSimulate(plan, workers = 64, profile = 0.01, hosts = c(1, 10, 100), bandwidth = 1.25e9)
#' @export
memSimulate <- function(plan, workers = c(2, 8, 64, 1024), profile = NULL, schedule = NULL, overhead = NULL, chunk = NULL,
                        known = TRUE, hosts = NULL, bandwidth = 1.25e8, latency = 1e-4) {
  call <- sys.call()
  check_given(c(plan = missing(plan)), call)
  plan <- as_plan(plan, substitute(plan), call)
  workers <- check_how_many(workers, "workers", call)
  schedules <- check_schedules(if (is.null(schedule)) "as planned" else schedule, chunk, call)
  model <- list(overhead = overhead, known = check_flag(known, "known", call))
  model$network <- check_network(hosts, workers, bandwidth, latency, call)
  model$work <- work_of(plan, profile, call)
  simulated(plan, workers, schedules, chunk, model, call)
}

# One table of simulated runs. `model`: the work (work_of()), the `overhead` (NULL: as the work says), and whether schedules have `known` it;
# `network`: the hosts and what is between them, where it is not for this machine.
simulated <- function(plan, workers, schedules, chunk, model, call) {
  network <- model$network
  work <- model$work
  overhead <- if (is.null(model$overhead)) work$overhead else model$overhead
  if (!is.numeric(overhead) || length(overhead) != 1L || !is.finite(overhead) || overhead < 0) {
    abort_input(sprintf("overhead must be one number of seconds, not %s", describe(overhead)), call)
  }
  if (is.null(chunk)) chunk <- 0
  asked <- list(work = work$work, known = model$known, overhead = overhead)
  id <- native_plan(plan, call)
  table <- if (is.null(network)) {
    native(ms_simulate(id, workers, schedules, chunk, asked), call)
  } else {
    native(ms_simulate_hosts(id, list(hosts = network$hosts, workers = workers), schedules, chunk, asked, network), call)
  }
  table <- as.data.frame(table, stringsAsFactors = FALSE)
  table$speedup <- work$total / table$makespan
  for (name in c("workers", "chunks", "recuts")) table[[name]] <- as.integer(table[[name]])
  columns <- c(
    "schedule", if (!is.null(network)) "hosts", "workers", "makespan", "speedup", "bound", "efficiency", "idle", "overhead", "chunks", "recuts",
    "peak", if (!is.null(network)) c("bytes", "link")
  )
  table <- table[columns]
  structure(table, class = c("memshare_simulation", "data.frame"))
}

# A plan of what was given: a plan, a pass, or a list of passes.
as_plan <- function(plan, expression, call) {
  refuse_saved(plan, call)
  if (inherits(plan, "memshare_plan")) return(plan)
  if (is_pass(plan)) {
    plan <- stats::setNames(list(plan), if (is.symbol(expression)) as.character(expression) else "")
  }
  if (!is.list(plan) || is.object(plan) || !length(plan) || !all(vapply(plan, is_pass, NA))) {
    abort_input(sprintf("plan must be made by memPlan(), or be a pass or a list of passes, not %s", describe(plan)), call)
  }
  do.call(memPlan, plan, quote = TRUE)
}

# The number of a plan in native code, which may be another session's no more.
native_plan <- function(plan, call) {
  made <- unwrap_pass(plan)$main
  need_native(made, call)
  made$id
}

# Numbers of workers, or of hosts.
check_how_many <- function(numbers, what, call) {
  if (!is.numeric(numbers) || !length(numbers) || anyNA(numbers) || any(numbers < 1 | numbers > 1e5 | numbers != floor(numbers))) {
    abort_input(sprintf("%s must be whole numbers from 1 to 100,000, not %s", what, describe(numbers)), call)
  }
  as.double(numbers)
}

# The hosts of a simulation and the network between them, or NULL where there are none.
check_network <- function(hosts, workers, bandwidth, latency, call) {
  if (is.null(hosts)) return(NULL)
  hosts <- check_how_many(hosts, "hosts", call)
  if (max(hosts) * max(workers) > 1e6) abort_input("hosts times workers must be at most 1,000,000", call)
  if (!is.numeric(bandwidth) || length(bandwidth) != 1L || is.na(bandwidth) || bandwidth <= 0) {
    abort_input(sprintf("bandwidth must be one number of bytes a second, not %s", describe(bandwidth)), call)
  }
  if (!is.numeric(latency) || length(latency) != 1L || !is.finite(latency) || latency < 0) {
    abort_input(sprintf("latency must be one number of seconds, not %s", describe(latency)), call)
  }
  list(hosts = hosts, bandwidth = as.double(bandwidth), latency = as.double(latency))
}

check_schedules <- function(schedules, chunk, call) {
  if (!is.character(schedules) || !length(schedules)) abort_input(sprintf("schedules must be names, not %s", describe(schedules)), call)
  choices <- c("as planned", eval(formals(memControl)$schedule))
  for (schedule in schedules) check_choice(schedule, choices, "schedule", call)
  check_count(chunk, "chunk", 1, call)
  if ("fixed" %in% schedules && is.null(chunk)) abort_input("schedule = \"fixed\" needs chunk, the elements of one chunk", call)
  unique(schedules)
}

# What the passes of a plan cost: list(work, total, overhead), with what had to be assumed said as a message.
work_of <- function(plan, profile, call) {
  program <- unwrap_pass(plan)$main$program
  if (!length(program$spec$gather)) abort_input("this plan has nothing to run: there are no elements", call)
  passes <- program$spec$passes
  given <- given_work(profile, program, call)
  found <- lapply(seq_along(passes), function(i) known_work(passes[[i]], given[[i]], call))
  unknown <- vapply(found, is.null, NA)
  if (all(unknown)) {
    abort(
      "profile", paste(
        "nothing is known of what the elements cost: run the plan once with memRun(), which measures it, or say it with profile = or",
        "memControl(cost = )"
      ), call = call
    )
  }
  n <- vapply(passes, `[[`, 0, "n")
  sum_of <- function(known, n) if (is.null(known)) 0 else sum(known$cost) * n / length(known$cost)
  sums <- mapply(sum_of, found, n)
  mean <- sum(sums) / sum(n[!unknown])
  assumed <- unknown & program$what == "map"
  work <- lapply(seq_along(found), function(i) if (unknown[[i]]) c(0, mean)[[1L + assumed[[i]]]] else found[[i]]$cost)
  tell_assumed(passes, found, assumed, mean)
  overheads <- unlist(lapply(found, `[[`, "overhead"))
  list(
    work = work, total = sum(sums) + mean * sum(n[assumed]), overhead = if (length(overheads)) stats::median(overheads) else 20e-6
  )
}

tell_assumed <- function(passes, found, assumed, mean) {
  names <- vapply(passes, `[[`, "", "name")
  relative <- vapply(found, function(known) isTRUE(known$relative), NA)
  said <- c(
    if (any(assumed)) {
      sprintf(
        "nothing is known of %s: taken to cost %s an element, as the others do on average", quoted(names[assumed]), format_seconds(mean)
      )
    },
    if (any(relative)) sprintf("the relative costs of %s are taken as seconds", quoted(names[relative]))
  )
  if (length(said)) message(memshare_condition("message", "assumed", paste0(paste(said, collapse = "; "), "\n")))
}

# What is known of one pass: list(cost in seconds, overhead), or NULL. `relative`: nobody knows in what unit.
known_work <- function(pass, given, call) {
  if (!is.null(given)) return(given)
  measured <- known_profile(pass$key, pass$n, call)
  if (is.null(pass$cost)) return(if (!is.null(measured)) list(cost = measured$costs, overhead = measured$overhead))
  if (isTRUE(pass$seconds)) return(list(cost = pass$cost, overhead = measured$overhead))
  if (is.null(measured) || sum(pass$cost) <= 0) return(list(cost = pass$cost, relative = TRUE))
  list(cost = pass$cost * (sum(measured$costs) / sum(pass$cost)), overhead = measured$overhead)
}

# What `profile` says, for each pass of the spec.
given_work <- function(profile, program, call) {
  passes <- program$spec$passes
  names <- vapply(passes, `[[`, "", "name")
  given <- vector("list", length(passes))
  if (is.null(profile)) return(given)
  if (inherits(profile, "memshare_profile") || is.numeric(profile)) {
    own <- which(program$what == "map")
    at <- if (length(own) == 1L) own else match(if (is.numeric(profile)) NA else profile$name, names)
    if (is.na(at)) {
      abort_input(sprintf("profile must be a list by label where there are several passes: %s", quoted(names)), call)
    }
    profile <- stats::setNames(list(profile), names[[at]])
  }
  if (!is.list(profile) || is.null(names(profile))) {
    abort_input(sprintf("profile must be a profile, seconds, or a named list of these by label, not %s", describe(profile)), call)
  }
  for (label in names(profile)) {
    at <- match(label, names)
    if (is.na(at)) abort_input(sprintf("profile: there is no pass '%s' in the plan; it has %s", label, quoted(names)), call)
    given[[at]] <- checked_work(profile[[label]], label, passes[[at]]$n, call)
  }
  given
}

checked_work <- function(work, label, n, call) {
  what <- sprintf("the profile of pass '%s'", label)
  overhead <- NULL
  if (inherits(work, "memshare_profile")) {
    overhead <- check_whole_profile(work, what, call)$overhead
    work <- work$costs
  }
  if (!is.numeric(work)) abort_input(sprintf("%s must be a profile or seconds, not %s", what, describe(work)), call)
  if (length(work) != n && length(work) != 1L) {
    abort_input(
      sprintf("%s is one of %s, but the pass has %s", what, count_of(length(work), "element"), count_of(n, "element")), call
    )
  }
  list(cost = check_cost_values(as.double(work), what, call), overhead = overhead)
}
