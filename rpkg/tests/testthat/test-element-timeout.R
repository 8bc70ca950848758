# memControl(element_timeout = ): FUN that takes too long at an element is interrupted, killed, and never tried again.
skip_on_cran()

limited <- function(...) memControl(element_timeout = 0.3, ...)

# Waits for so long, whatever comes.
deaf <- function(seconds) {
  until <- proc.time()[["elapsed"]] + seconds
  while ((left <- until - proc.time()[["elapsed"]]) > 0) tryCatch(Sys.sleep(left), interrupt = function(i) NULL)
}

expect_late <- function(object, index, name = NULL) {
  expect_s3_class(object, "memshare_error_element_timeout")
  expect_s3_class(object, "memshare_error_element")
  expect_equal(object$index, index)
  expect_identical(object$name, name)
  expect_match(conditionMessage(object), "FUN took too long at element .*element_timeout")
}

# Elements that hang in every way that there is.
hangs <- list(
  sleeps = function(v) Sys.sleep(30),
  computes = function(v) repeat NULL,
  catches_interrupts = function(v) deaf(30),
  suspends_interrupts = function(v) suspendInterrupts(Sys.sleep(30)),
  waits_for_a_command = function(v) system("exec sleep 30"),
  hangs_on_its_way_out = function(v) {
    on.exit(Sys.sleep(30))
    Sys.sleep(30)
  },
  catches_errors = function(v) tryCatch(Sys.sleep(30), error = function(e) NULL, interrupt = function(i) stop("mine")),
  comes_back = function(v) tryCatch(Sys.sleep(30), interrupt = function(i) "a value")
)

test_that("an element that does not end is an error that says which, however it hangs", {
  for (kind in names(hangs)) {
    f <- hangs[[kind]]
    x <- stats::setNames(as.list(1:3), c("a", "b", "c"))
    took <- system.time(error <- tryCatch(
      memLapply(x, function(v) if (v == 2) f(v) else v, MAX.CORES = 1, CONTROL = limited()),
      error = identity
    ))
    expect_late(error, 2, "b")
    expect_lt(took[["elapsed"]], 20)
  }
  expect_identical(memLapply(1:3, identity, MAX.CORES = 1), list(1L, 2L, 3L))
})

test_that("with on_error = collect it is that element's value, and FUN is called on it once", {
  for (kind in c("sleeps", "catches_interrupts", "comes_back")) for (workers in 1:2) {
    f <- hangs[[kind]]
    calls <- tempfile()
    out <- suppressWarnings(memLapply(1:8, function(v) {
      cat(paste0(v, "\n"), file = calls, append = TRUE)
      if (v %in% c(3, 4, 7)) f(v) else v
    }, MAX.CORES = workers, CONTROL = limited(on_error = "collect", chunk = 4)))
    expect_identical(out[c(1, 2, 5, 6, 8)], as.list(c(1L, 2L, 5L, 6L, 8L)), info = kind)
    for (i in c(3, 4, 7)) expect_late(out[[i]], i)
    tried <- scan(calls, quiet = TRUE)
    expect_identical(sort(tried[tried %in% c(3, 4, 7)]), c(3, 4, 7), info = kind)
  }
})

test_that("the traceback says where FUN was that listened", {
  waits <- function() Sys.sleep(30)
  error <- tryCatch(memLapply(1:2, function(v) waits(), MAX.CORES = 1, CONTROL = limited()), error = identity)
  expect_late(error, 1)
  expect_true(any(grepl("waits()", error$calls, fixed = TRUE)))
})

test_that("only FUN's own time counts, and only what takes long", {
  # Many short elements take longer than one may; so do waiting for a worker and bringing results back.
  out <- memLapply(1:150, function(v) Sys.sleep(0.02), MAX.CORES = 1, CONTROL = memControl(element_timeout = 2.5))
  expect_length(out, 150)
  expect_identical(memLapply(1:3, function(v) v, CONTROL = memControl(element_timeout = Inf)), list(1L, 2L, 3L))
})

test_that("an error of FUN is its own, and so is one of a call within", {
  error <- tryCatch(memLapply(1:2, function(v) stop("mine"), MAX.CORES = 1, CONTROL = limited()), error = identity)
  expect_identical(class(error)[[1L]], "memshare_error_element")
  expect_match(conditionMessage(error), "mine")
})

test_that("chains name the pass, each with its own limit", {
  a <- memLapply(1:4, function(v) v, MAX.CORES = 2, CONTROL = memControl(lazy = TRUE, element_timeout = 60))
  late <- memLapply(a, function(v) if (v == 3) Sys.sleep(30) else v, CONTROL = limited(lazy = TRUE))
  error <- tryCatch(memRun(list(late = late)), error = identity)
  expect_late(error, 3)
  expect_identical(error$pass, "late")
  # What is collected goes into the next pass, with its class.
  late <- memLapply(a, function(v) if (v == 3) Sys.sleep(30) else v, CONTROL = limited(lazy = TRUE, on_error = "collect"))
  seen <- suppressWarnings(memLapply(late, function(v) inherits(v, "memshare_error_element_timeout")))
  expect_identical(seen, list(FALSE, FALSE, TRUE, FALSE))
})

test_that("memReduce has it for each call that combines", {
  slow <- function(a, b) if (b == 3) Sys.sleep(30) else a + b
  error <- tryCatch(memReduce(as.list(1:4), slow, MAX.CORES = 1, CONTROL = limited()), error = identity)
  expect_s3_class(error, "memshare_error_element_timeout")
  expect_match(conditionMessage(error), "FUN took too long while combining")
})

test_that("a plan keeps it, and the run says what happened", {
  plan <- memPlan(memLapply(1:3, function(v) if (v == 2) deaf(30) else v, MAX.CORES = 1,
                            CONTROL = limited(lazy = TRUE, on_error = "collect")))
  out <- suppressWarnings(memRun(plan))
  expect_late(out[[2]], 2)
  run <- memLastRun()
  events <- as.data.frame(run, what = "events")
  expect_identical(events$what[events$kind %in% c("late", "killed")], c(
    grep("FUN did not end in time at element 2", events$what, value = TRUE),
    "worker 1 is killed: element 2 did not end when interrupted"
  ))
  expect_match(paste(capture.output(print(explain(run))), collapse = "\n"), "1 element did not end within memControl")
  file <- tempfile()
  memSave(run, file)
  expect_identical(memLoad(file)$ended, run$ended)
})

test_that("nodes of a CLUSTER are interrupted, and let go of when they do not listen", {
  cluster <- parallel::makePSOCKcluster(2)
  on.exit(parallel::stopCluster(cluster))
  for (f in hangs[c("sleeps", "comes_back")]) {
    out <- suppressWarnings(memLapply(1:4, function(v) if (v == 2) f(v) else v, CLUSTER = cluster,
                                      CONTROL = limited(on_error = "collect")))
    expect_late(out[[2]], 2)
    expect_identical(out[-2], list(1L, 3L, 4L))
  }
  error <- tryCatch(
    memLapply(1:4, function(v) if (v == 2) deaf(5) else v, CLUSTER = cluster, CONTROL = limited()),
    error = identity
  )
  expect_late(error, 2)
})

test_that("a limit that makes no sense is refused", {
  for (value in list(0, -1, NA, "1", c(1, 2))) {
    expect_error(memControl(element_timeout = value), "element_timeout must be one number above 0", class = "memshare_error_input")
  }
})
