# Progress: counts that add up, shown by whom it should, closed whatever happens. FUN waits at a gate that opens when progress was
# first looked at or told, so that no run is over before.

# A gate: a file that FUN waits for. `open()` opens it.
local_gate <- function(frame = parent.frame()) {
  path <- tempfile("gate")
  withr_defer(unlink(path), frame)
  list(path = path, open = function() file.create(path))
}

# The first elements pass, the others wait; what happens at element 20 is `act`.
gated <- function(i, gate, act = NULL) {
  until <- Sys.time() + 8
  while (i > 5 && !file.exists(gate)) if (Sys.time() > until) stop("the gate stayed shut") else Sys.sleep(0.005)
  if (i == 20 && !is.null(act)) act()
  i
}

# Functions of the package replaced for one test.
local_replaced <- function(..., .frame = parent.frame()) {
  namespace <- asNamespace("memshare")
  put <- function(functions) {
    for (name in names(functions)) {
      unlockBinding(name, namespace)
      assign(name, functions[[name]], envir = namespace)
      lockBinding(name, namespace)
    }
  }
  before <- mget(names(list(...)), envir = namespace)
  withr_defer(put(before), .frame)
  put(list(...))
}

# Each look at the counts is noted, and opens the gate.
local_looks <- function(gate, frame = parent.frame()) {
  looks <- new.env()
  looks$at <- list()
  look <- progress_of
  local_replaced(progress_of = function(...) {
    at <- look(...)
    looks$at <- c(looks$at, list(at))
    if (at$done > 0) gate$open()
    at
  }, .frame = frame)
  looks
}

# Runs `expr` under progressr, and gives what its handlers were told; `act` is called at each update.
told_by_progressr <- function(expr, act) {
  told <- list(amounts = numeric(), steps = NA_real_, messages = character(), finished = 0L)
  handler <- progressr::make_progression_handler("probe", reporter = list(
    initiate = function(config, ...) told$steps <<- config$max_steps,
    update = function(config, state, progression, ...) {
      told$amounts <<- c(told$amounts, progression$amount)
      told$messages <<- c(told$messages, progression$message)
      act()
    },
    finish = function(...) told$finished <<- told$finished + 1L
  ), enable = TRUE, interval = 0, times = Inf, intrusiveness = 0)
  told$value <- progressr::with_progress(tryCatch(expr, error = identity, interrupt = identity), handlers = handler, enable = TRUE)
  told
}

test_that("progressr is told amounts that add up to the total, and the end", {
  skip_if_not_installed("progressr")
  gate <- local_gate()
  told <- told_by_progressr(
    memLapply(1:40, gated, gate = gate$path, MAX.CORES = 2, CONTROL = memControl(chunk = 1)), gate$open
  )
  expect_identical(told$value, as.list(1:40))
  expect_identical(c(told$steps, sum(told$amounts)), c(40, 40))
  expect_true(length(told$amounts) > 1 && all(told$amounts > 0))
  expect_identical(told$finished, 1L)
})

test_that("what is done again after a death is not counted twice", {
  skip_if_not_installed("progressr")
  skip_on_os("windows")
  gate <- local_gate()
  mark <- tempfile()
  on.exit(unlink(mark))
  die_once <- function() {
    if (!file.exists(mark)) {
      file.create(mark)
      tools::pskill(Sys.getpid(), 9L)
    }
  }
  told <- told_by_progressr(
    memLapply(1:40, gated, gate = gate$path, act = die_once, MAX.CORES = 2, CONTROL = memControl(chunk = 5)), gate$open
  )
  expect_identical(told$value, as.list(1:40))
  expect_true(file.exists(mark))
  expect_identical(sum(told$amounts), 40)
})

test_that("an error and an interrupt in the middle close the bar", {
  skip_if_not_installed("progressr")
  skip_on_os("windows")
  gate <- local_gate()
  told <- told_by_progressr(
    memLapply(1:40, gated, gate = gate$path, act = function() stop("no more"), CONTROL = memControl(chunk = 1)), gate$open
  )
  expect_s3_class(told$value, "memshare_error_element")
  expect_identical(told$finished, 1L)
  expect_lt(sum(told$amounts), 40)
  skip_if_interrupts_are_ignored()
  again <- local_gate()
  session <- Sys.getpid()
  # Ctrl-C, by element 20; the elements after it wait for ever.
  ctrl_c <- function() {
    tools::pskill(session, 2L)
    Sys.sleep(60)
  }
  told <- told_by_progressr(memLapply(1:40, gated, gate = again$path, act = ctrl_c, CONTROL = memControl(chunk = 1)), again$open)
  expect_s3_class(told$value, "interrupt")
  expect_identical(told$finished, 1L)
  expect_identical(memLapply(1:3, identity), as.list(1:3))
})

test_that("the elements of all passes are counted, and the pass at work is named", {
  skip_if_not_installed("progressr")
  gate <- local_gate()
  lazy <- memControl(lazy = TRUE)
  slow <- memLapply(1:40, gated, gate = gate$path, CONTROL = memControl(lazy = TRUE, chunk = 1))
  after <- memLapply(1:10, function(i, slow) i + length(slow), VARS = list(slow = slow), CONTROL = lazy)
  total <- memReduce(after, `+`, CONTROL = lazy)
  told <- told_by_progressr(memRun(total, MAX.CORES = 2), gate$open)
  expect_identical(told$value, sum(1:10 + 40L))
  expect_identical(sum(told$amounts), told$steps)
  expect_gte(told$steps, 50)
  expect_identical(told$messages[[1L]], "slow")
})

test_that("cli draws a bar with rate and time left, and clears it", {
  skip_if_not_installed("cli")
  gate <- local_gate()
  local_looks(gate)
  old <- options(cli.progress_show_after = 0, cli.dynamic = FALSE, cli.unicode = FALSE, cli.num_colors = 1L)
  on.exit(options(old))
  shown <- cli::cli_fmt(memLapply(1:40, gated, gate = gate$path, MAX.CORES = 2, CONTROL = memControl(progress = TRUE, chunk = 1)))
  expect_match(shown, "[0-9]+% [|] [0-9]+/40 [|] [0-9.,]+/s [|] [0-9.]+ s left", all = FALSE)
  expect_match(shown[[length(shown)]], "100% [|] 40/40 ")
  expect_identical(as.integer(cli::cli_progress_num()), 0L)
  unlink(gate$path)
  call <- quote(memLapply(
    1:40, gated, gate = gate$path, act = function() stop("no more"), CONTROL = memControl(progress = TRUE, chunk = 1)
  ))
  cli::cli_fmt(expect_error(eval(call), "no more"))
  expect_identical(as.integer(cli::cli_progress_num()), 0L)
})

test_that("a bar is shown when it should be, and by whom it should be", {
  way <- function(asked = NULL, interactive = TRUE, knitting = FALSE, testing = FALSE, listens = FALSE) {
    local_replaced(
      is_interactive = function() interactive, is_knitting = function() knitting, is_testing = function() testing,
      progressr_listens = function() listens)
    open <- way_to_show(asked)$open
    if (is.null(open)) "none" else names(Filter(function(bar) identical(bar, open), list(
      cli = bar_of_cli, text = bar_of_text, progressr = bar_of_progressr
    )))
  }
  drawn <- if (requireNamespace("cli", quietly = TRUE)) "cli" else "text"
  expect_identical(way(), drawn)
  expect_identical(way(interactive = FALSE), "none")
  expect_identical(way(TRUE, interactive = FALSE), drawn)
  expect_identical(way(FALSE, listens = TRUE), "none")
  expect_identical(way(interactive = FALSE, listens = TRUE), "progressr")
  expect_identical(way(knitting = TRUE), "none")
  expect_identical(way(TRUE, knitting = TRUE), "text")
  expect_identical(way(testing = TRUE), "none")
  old <- options(memshare.quiet = TRUE)
  on.exit(options(old))
  expect_identical(way(), "none")
  options(memshare.quiet = NULL, memshare.progress = FALSE)
  old <- c(old, list(memshare.progress = NULL))
  expect_identical(way(), "none")
  expect_identical(way(TRUE), drawn)
  options(memshare.progress = TRUE)
  expect_identical(way(interactive = FALSE), drawn)
  options(memshare.progress = "often")
  expect_error(way(), "memshare.progress", class = "memshare_error_input")
})

test_that("progressr's handlers are seen where they are, and nothing happens where there are none", {
  skip_if_not_installed("progressr")
  loadNamespace("progressr")
  way <- way_to_show
  expect_false(progressr_listens())
  expect_true(progressr::with_progress(progressr_listens(), enable = TRUE))
  expect_false(progressr::with_progress(progressr_listens(), enable = FALSE))
  gate <- local_gate()
  # Somebody else opens it: a look would be one too many.
  local_replaced(bar_of_progressr = function(...) stop("nobody listens"), way_to_show = function(asked) {
    gate$open()
    way(asked)
  })
  expect_silent(memLapply(1:40, gated, gate = gate$path, MAX.CORES = 2))
  expect_true(file.exists(gate$path))
})

test_that("a document of knitr has no bar in it", {
  skip_if_not_installed("knitr")
  old <- options(cli.progress_show_after = 0)
  on.exit(options(old))
  for (asked in c("NULL", "TRUE")) {
    gate <- local_gate()
    looks <- local_looks(gate)
    code <- sprintf("x <- memLapply(1:20, gated, gate = gate$path, MAX.CORES = 2, CONTROL = memControl(progress = %s, chunk = 1))", asked)
    if (asked == "NULL") gate$open() # nobody looks
    bar <- utils::capture.output(type = "message", text <- knitr::knit(text = c("```{r}", code, "```"), quiet = TRUE))
    expect_identical(setdiff(strsplit(text, "\n", fixed = TRUE)[[1L]], c("", "```r", "``` r", "```")), code, info = asked)
    expect_identical(any(grepl("100%", bar)), asked == "TRUE")
  }
})

test_that("a handle says how far it is, and collect() shows it", {
  gate <- local_gate()
  pass <- memLapply(1:40, gated, gate = gate$path, CONTROL = memControl(lazy = TRUE, chunk = 1))
  run <- memRun(pass, wait = FALSE, MAX.CORES = 1)
  until <- Sys.time() + 20
  while (progress_of(unwrap_pass(run)$run, unwrap_pass(run)$program)$done < 5 && Sys.time() < until) NULL
  expect_match(format(run), "^<run> of pass: running, 12 % done, [0-9.]+ (s|min [0-9]+ s) left$")
  looks <- local_looks(gate)
  local_replaced(way_to_show = function(asked) list(open = bar_of_text))
  expect_identical(collect(run), as.list(1:40))
  expect_identical(range(vapply(looks$at, `[[`, 0, "done")), c(5, 40))
  expect_identical(format(run), "<run> of pass: done")
})

test_that("a call with CLUSTER shows its progress too", {
  skip_if_not_installed("progressr")
  cluster <- parallel::makeCluster(1)
  on.exit(parallel::stopCluster(cluster))
  gate <- local_gate()
  told <- told_by_progressr(memLapply(1:40, gated, gate = gate$path, CLUSTER = cluster, CONTROL = memControl(chunk = 1)), gate$open)
  expect_identical(told$value, as.list(1:40))
  expect_identical(sum(told$amounts), 40)
})

test_that("short calls are not even looked at", {
  # On a busy machine no call is short.
  local_replaced(progress_of = function(...) stop("nobody should ask"), first_look = 60000L)
  took <- system.time(memLapply(1:2, identity, CONTROL = memControl(progress = TRUE)))[["elapsed"]]
  expect_lt(took, 60)
})

test_that("times and counts are said in few words", {
  expect_identical(vapply(c(0, 0.2, 59, 60, 200, 3599.5, 7500), format_duration, ""), c(
    "0.0 s", "0.2 s", "59 s", "1 min 00 s", "3 min 20 s", "1 h 00 min", "2 h 05 min"
  ))
  expect_identical(words_of(list(done = 37, total = 100, left = 12)), c("37 % done", "12 s left"))
  expect_identical(words_of(list(done = 0, total = 100, left = NA_real_)), "0 % done")
  expect_null(words_of(list(done = 0, total = 0, left = NA_real_)))
  expect_identical(rate_of(list(done = 200000, here = 123456, seconds = 1)), "123,456/s")
  expect_error(memControl(progress = NA), "progress must be TRUE or FALSE", class = "memshare_error_input")
})

test_that("bars can be told of the end more than once, and before they are closed", {
  old <- options(cli.progress_show_after = 0)
  on.exit(options(old))
  at <- list(done = 4, total = 4, label = "", seconds = 1, left = 0)
  for (kind in c("bar_of_cli", if (requireNamespace("progressr", quietly = TRUE)) "bar_of_progressr", "bar_of_text")) {
    if (kind == "bar_of_cli") skip_if_not_installed("cli")
    expect_error(
      utils::capture.output(type = "message", {
        bar <- get(kind, asNamespace("memshare"))(4, "f")
        bar$show(at)
        bar$show(at)
        bar$close(TRUE)
      }), NA, info = kind
    )
  }
})
