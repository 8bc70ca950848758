# Every object travels: as X, in VARS, in `...`, captured, as a result, nested. No method of its class is called on the way.

# The value in all places, as a worker gets it.
in_all_places <- function(value) {
  captured <- value
  list(
    x = memLapply(list(value), function(v) v, MAX.CORES = 1)[[1]],
    vars = memLapply(1, function(i, v) list(v), VARS = list(v = value), MAX.CORES = 1)[[1]][[1]],
    dots = memLapply(1, function(i, v) list(v), v = value, MAX.CORES = 1)[[1]][[1]],
    captured = memLapply(1, function(i) list(captured), MAX.CORES = 1)[[1]][[1]],
    nested = memLapply(list(list(a = list(value))), function(v) v, MAX.CORES = 1)[[1]]$a[[1]]
  )
}

expect_travels <- function(value) {
  label <- paste(class(value), collapse = "/")
  places <- in_all_places(value)
  for (place in names(places)) {
    # Environments are other ones after the way, and a function's is not all that may hold one.
    same <- identical(places[[place]], value, ignore.environment = TRUE, ignore.srcref = TRUE) ||
      isTRUE(all.equal(places[[place]], value, check.environment = FALSE)) && identical(class(places[[place]]), class(value))
    expect_true(same, label = paste(label, place))
  }
}

# Globals of the session, for as long as the calling test runs.
with_globals <- function(..., frame = parent.frame()) {
  values <- list(...)
  list2env(values, envir = globalenv())
  withr_defer(rm(list = intersect(names(values), ls(globalenv(), all.names = TRUE)), envir = globalenv()), frame)
}

# A function as if it had been written at the prompt.
at_prompt <- function(fun) {
  environment(fun) <- globalenv()
  fun
}

test_that("lists of single values travel as they are, packed or not", {
  latin <- "caf\xe9"
  Encoding(latin) <- "latin1"
  lists <- list(
    doubles = list(1, NA_real_, -0, NaN, Inf), integers = list(1L, NA_integer_, 7L), flags = list(TRUE, NA, FALSE),
    complex = list(1i, NA_complex_), raws = list(as.raw(1), as.raw(255)), texts = list("a", NA_character_, "\u00e9", latin, ""),
    mixed = list(1, 2L), lengths = list(1, c(2, 3)), empty = list(numeric(), numeric()), nothing = list(NULL, 1), named = list(a = 1, b = 2),
    inner = list(c(a = 1), 2), dated = list(as.Date("2026-11-29"), as.Date("2026-11-30")), compact = list(1:1, 2:2), nested = list(list(1), list(2)),
    matrix = matrix(list(1, 2, 3, 4), 2), one = list(5)
  )
  registerVariables("travel-single", lists)
  on.exit(releaseVariables("travel-single", names(lists)))
  for (name in names(lists)) {
    x <- lists[[name]]
    expect_identical(retrieveViews("travel-single", name)[[1]], x, label = name)
    expect_identical(memLapply(x, function(v) v, MAX.CORES = 2), lapply(x, function(v) v), label = name)
    expect_identical(memLapply(name, function(v) list(v), NAMESPACE = "travel-single", MAX.CORES = 2), lapply(x, list), label = name)
    expect_identical(memLapply(1:2, function(i, w) list(w), VARS = list(w = x), MAX.CORES = 2)[[2]][[1]], x, label = name)
    releaseViews("travel-single", name)
  }
  both <- memMapply(function(a, b) a + b, list(1, 2, 3), list(10L, 20L, 30L), MAX.CORES = 2)
  expect_identical(both, Map(`+`, list(1, 2, 3), list(10L, 20L, 30L)))
  expect_identical(memReduce(list(1, 2, 3, 4), `+`, CONTROL = memControl()), 10)
  # What FUN changes in an element is its own.
  expect_identical(memLapply(list(1, 2), function(v) { v[1] <- v + 1; v }, MAX.CORES = 1), list(2, 3))
})

test_that("objects of many kinds come back as they went", {
  data <- data.frame(x = c(1, 2, 3, 5), y = c(2, 4, 7, 9))
  values <- list(
    stats::lm(y ~ x, data), stats::glm(y ~ x, data = data), stats::loess(dist ~ speed, cars), as.POSIXlt("2024-03-01", tz = "UTC"),
    numeric_version("1.2.3"), utils::person("A", "B"), formals(stats::lm), as.pairlist(list(a = 1, b = quote(x + y))),
    expression(a, b + 1), quote(f(x, y)), as.name("x"), y ~ x, structure(1:3, tsp = c(1, 3, 1), class = "ts"),
    array(1:3, 3, list(c("a", "b", "c"))), stats::model.frame(y ~ x, data), NULL, compiler::cmpfun(function(v) v + 1)
  )
  for (i in seq_along(values)) expect_travels(values[[i]])
})

test_that("S4 objects that extend basic types keep slots and data", {
  where <- environment()
  methods::setClass("memshareUnit", contains = "numeric", slots = c(unit = "character"), where = where)
  on.exit(methods::removeClass("memshareUnit", where = where))
  expect_travels(methods::new("memshareUnit", c(1, 2), unit = "m"))
})

test_that("no method of a class is called to inspect its objects", {
  odd <- structure(list(1, 2), class = "memshare_odd")
  fail <- function(x, ...) stop("a method was called")
  for (generic in c("length", "[[", "as.list", "names", "unique")) registerS3method(generic, "memshare_odd", fail)
  expect_identical(memLapply(list(odd), function(v) class(v)), list("memshare_odd"))
  expect_identical(memLapply(1, function(i) class(odd)), list("memshare_odd"))
  expect_identical(memLapply(1, function(i, v) inherits(v, "memshare_odd"), VARS = list(v = odd)), list(TRUE))
})

test_that("long pairlists and calls travel, and what is nested too deeply is an error of its element", {
  long <- as.pairlist(stats::setNames(as.list(1:1e5), paste0("n", 1:1e5)))
  expect_identical(memLapply(list(long), function(v) v, MAX.CORES = 1)[[1]], long)
  call <- as.call(c(list(quote(sum)), as.list(1:1e4)))
  expect_identical(memLapply(list(call), eval, MAX.CORES = 1), list(sum(1:1e4)))
  deep <- function(i) {
    x <- list()
    if (i == 3) for (k in 1:1e5) x <- list(x)
    x
  }
  error <- expect_error(memLapply(1:4, deep, MAX.CORES = 1), class = "memshare_error_element")
  expect_equal(error$index, 3)
})

test_that("formals without a default are elements", {
  f <- function(a, b = 2) NULL
  expect_identical(memLapply(formals(f), function(v) class(v)), lapply(formals(f), function(v) class(v)))
})

test_that("environments keep what they hold, their class, locks and active bindings, with and without big data", {
  for (n in c(10, 2e5)) {
    e <- new.env()
    e$data <- as.double(seq_len(n))
    e$total <- function() sum(e$data)
    e$self <- e
    makeActiveBinding("twice", function() 2, e)
    lockBinding("data", e)
    lockEnvironment(e)
    class(e) <- "memshare_record"
    look <- function(v) {
      list(v$total(), class(v), environmentIsLocked(v), bindingIsLocked("data", v), bindingIsActive("twice", v), identical(v$self, v))
    }
    there <- lapply(in_all_places(e), look)
    for (place in names(there)) expect_identical(there[[place]], look(e), label = paste(place, n))
  }
})

test_that("big data in environments and lists with functions is shared, not copied", {
  values <- as.double(seq_len(2e5))
  holder <- list(f = function(v) v, values = values)
  payload <- memshare:::build_payload(function(i) sum(holder$values), list(), memshare:::new_capture(), memControl())
  expect_lt(length(payload$body), 1e6)
  expect_true(any(vapply(payload$captured, identical, NA, values)))
  expect_message(out <- memLapply(1:2, function(i) sum(holder$values)), class = "memshare_message_captured")
  expect_identical(out, list(sum(values), sum(values)))
})

test_that("global functions stay in the global environment, and find what they need there", {
  with_globals(memshare_k = 3, memshare_f = at_prompt(function(v) v * memshare_k))
  fun <- at_prompt(function(v) {
    c(memshare_f(v), identical(environment(memshare_f), globalenv()), exists("memshare_k", envir = globalenv()))
  })
  expect_identical(memLapply(1:2, fun), lapply(1:2, fun))
  for (operations in list(list(memshare_f), list(a = list(f = memshare_f)))) {
    expect_identical(memLapply(1:2, function(v, o) unlist(o)[[1]](v), o = operations), list(3, 6))
    expect_identical(memLapply(1:2, function(v, o) unlist(o)[[1]](v), VARS = list(o = operations)), list(3, 6))
    expect_identical(memLapply(1:2, function(v) unlist(operations)[[1]](v)), list(3, 6))
    expect_identical(memLapply(list(operations), function(o) unlist(o)[[1]](2)), list(6))
  }
})

test_that("S3 methods of the session travel with what they need", {
  with_globals(memshare_word = "apples", format.memshare_fruit = at_prompt(function(x, ...) paste(unclass(x), memshare_word)))
  expect_identical(memLapply(1:2, function(i) format(structure(i, class = "memshare_fruit"))), list("1 apples", "2 apples"))
  format.memshare_local <- function(x, ...) "local"
  expect_identical(memLapply(1, function(i) format(structure(i, class = "memshare_local"))), list("local"))
})

test_that("a function that becomes an S3 method, because its generic is defined later, travels as one", {
  with_globals(memshare_area.square = at_prompt(function(x) unclass(x)^2), memshare_area = 1)
  expect_identical(memLapply(1, function(i) i), list(1))
  assign("memshare_area", at_prompt(function(x) UseMethod("memshare_area")), envir = globalenv())
  expect_identical(memLapply(2, at_prompt(function(i) memshare_area(structure(i, class = "square")))), list(4))
  # The same name, but another function.
  assign("memshare_area", at_prompt(function(x) "none"), envir = globalenv())
  expect_identical(memLapply(2, at_prompt(function(i) memshare_area(structure(i, class = "square")))), list("none"))
})

test_that("a text in FUN may be longer than any name", {
  long <- strrep("ACGT", 5000)
  expect_identical(memLapply(1:2, eval(bquote(function(i) nchar(.(long)) + i))), list(20001L, 20002L))
  expect_error(memLapply(1, eval(bquote(function(i) exists(.(long))))), "limited to 10000 bytes", class = "memshare_error_element")
})

test_that("S3 generics and their methods may all be local", {
  area <- function(x, ...) UseMethod("area")
  area.square <- function(x, ...) unclass(x)^2
  area.default <- function(x, ...) "none"
  expect_identical(memLapply(2:3, function(i) area(if (i == 2L) structure(i, class = "square") else i)), list(4, "none"))
})

test_that("functions with dots in their names that are no methods stay where they are", {
  with_globals(memshare_x.1 = at_prompt(function(x) 1), memshare_x.of = 2, ".memshare_x" = 3, "memshare_x." = 4)
  capture <- new_capture()
  add_methods(capture)
  expect_false(any(grepl("memshare_x", names(capture$globals))))
})

test_that("what the methods of a reference class inherit asks nothing of the session", {
  on.exit(methods::removeClass("MemshareCounter", where = globalenv()))
  counter <- methods::setRefClass("MemshareCounter", fields = list(x = "numeric"), methods = list(inc = function() {
    x <<- x + memshare_step
    x
  }), where = globalenv())
  with_globals(memshare_step = 5, memshare_else = 1, value = 2, def = 3)
  capture <- new_capture()
  add_methods(capture)
  expect_false(capture$others)
  expect_identical(names(capture$globals), "memshare_step")
  one <- counter$new(x = 1)
  expect_identical(memLapply(1, function(i) one$copy()$inc()), list(6))
})

test_that("names that are looked up are found, or the error says what to do", {
  with_globals(memshare_a1 = 5, memshare_big = as.double(1:2e4))
  expect_identical(memLapply(1, at_prompt(function(i) get("memshare_a1"))), list(5))
  expect_identical(memLapply(1, at_prompt(function(i) get(paste0("memshare_a", i)))), list(5))
  look <- at_prompt(function(name) exists(paste0("memshare_", name)))
  expect_identical(memLapply(list("a1", "big", "none"), look), list(TRUE, TRUE, FALSE))
  total <- at_prompt(function(name) sum(get(paste0("memshare_", name))))
  error <- expect_error(memLapply(list("big"), total), "memControl\\(globals = \"memshare_big\"\\)", class = "memshare_error_element")
  expect_s3_class(error$parent, "memshare_error_global")
  expect_identical(memLapply(list("big"), total, CONTROL = memControl(globals = "memshare_big")), list(sum(as.double(1:2e4))))
  expect_error(memLapply(1, total, CONTROL = memControl(globals = "memshare_none")), "memshare_none", class = "memshare_error_input")
})

test_that("code that sees its frames finds them whole", {
  hidden <- 7
  expect_identical(memLapply(1, function(i) eval(as.name(paste0("hid", "den")))), list(7))
  expect_identical(memLapply(1, function(i) get0("hidden", envir = parent.env(environment()))), list(7))
})

test_that("active bindings of the session stay active", {
  with_globals(memshare_count = 0)
  makeActiveBinding("memshare_next", function() 42, globalenv())
  on.exit(rm("memshare_next", envir = globalenv()))
  fun <- at_prompt(function(i) list(memshare_next, bindingIsActive("memshare_next", globalenv())))
  expect_identical(memLapply(1, fun), list(list(42, TRUE)))
})

test_that("passes of one plan have the globals of when they were made", {
  with_globals(memshare_k = 1)
  lazy <- memControl(lazy = TRUE)
  times <- at_prompt(function(i) i * memshare_k)
  first <- memLapply(1:3, times, CONTROL = lazy)
  assign("memshare_k", 10, envir = globalenv())
  second <- memLapply(first, times, CONTROL = lazy)
  assign("memshare_k", 100, envir = globalenv())
  expect_identical(memRun(second), list(10, 20, 30))
})

test_that("results of all kinds come back", {
  data <- data.frame(x = c(1, 2, 3, 5), y = c(2, 4, 7, 9))
  expect_equal(stats::coef(memLapply(1, function(i) stats::lm(y ~ x, data))[[1]]), stats::coef(stats::lm(y ~ x, data)))
  add <- memLapply(1:2, function(i) function(v) v + i)
  expect_identical(lapply(add, function(f) f(1)), list(2, 3))
  e <- memLapply(1, function(i) {
    e <- new.env()
    e$data <- as.double(1:2e5)
    e$self <- e
    e
  })[[1]]
  expect_identical(e$self, e)
  expect_identical(sum(e$data), sum(as.double(1:2e5)))
})

test_that("what has no meaning on a worker is a clear error", {
  expect_error(memLapply(list(1, 4), quote), "takes code", class = "memshare_error_input")
  expect_error(callCC(function(k) memLapply(1:3, function(i) k(i))), "leaves a call", class = "memshare_error_input")
})

test_that("Ctrl-C while what FUN reaches is evaluated is Ctrl-C", {
  skip_if_interrupts_are_ignored()
  delayedAssign("v", {
    tools::pskill(Sys.getpid(), tools::SIGINT)
    Sys.sleep(5)
    1
  })
  expect_identical(tryCatch(memLapply(1:3, function(i) v), interrupt = function(i) "interrupt"), "interrupt")
  expect_identical(memLapply(1:2, identity), list(1L, 2L))
})

test_that("a external's globals are put back", {
  with_globals(memshare_g = "mine")
  memshare:::bind_globals(list(globals = list(memshare_g = 1, memshare_h = 2), absent = c(memshare_i = 10)), FALSE, TRUE)
  expect_identical(globalenv()$memshare_g, 1)
  expect_error(get("memshare_i", envir = globalenv()), class = "memshare_error_global")
  memshare:::put_back_globals()
  expect_identical(globalenv()$memshare_g, "mine")
  expect_false(any(c("memshare_h", "memshare_i") %in% ls(globalenv())))
})

test_that("functions by name and variables of formulas that are texts travel", {
  with_globals(memshare_f = eval(quote(function(x) x + 1), globalenv()), memshare_v = as.double(1:32))
  run <- function(x, fun, ...) {
    environment(fun) <- globalenv()
    memLapply(x, fun, ...)
  }
  both <- c("memshare_f", "sqrt")
  expect_identical(run(both, function(n) do.call(n, list(4))), list(5, 2))
  expect_identical(run(both, function(n) match.fun(n)(4)), list(5, 2))
  expect_identical(run(4, function(x) do.call(paste0("memshare_", "f"), list(x))), list(5))
  expect_identical(run(both, function(n) is.function(getFunction(n))), list(TRUE, TRUE))
  expect_identical(run(1, function(i) exists("memshare_v") && !exists("memshare_nothing")), list(TRUE))
  expect_identical(run(1, function(i) integrate("memshare_f", 0, 1)$value), list(integrate(function(x) x + 1, 0, 1)$value))
  expect_identical(run(1, function(i) vapply(1:2, "memshare_f", 0)), list(c(2, 3)))
  slope <- unname(coef(lm(mpg ~ v, cbind(mtcars, v = as.double(1:32))))[[2]])
  expect_equal(run(1, function(i) coef(lm(as.formula("mpg ~ memshare_v"), mtcars))[[2]])[[1]], slope)
  expect_equal(run(1, function(i) coef(lm("mpg ~ memshare_v", mtcars))[[2]])[[1]], slope)
  expect_equal(run(list("memshare_v"), function(v) coef(lm(reformulate(v, "mpg"), mtcars))[[2]])[[1]], slope)
  expect_identical(memLapply(list("memshare_v"), get), list(as.double(1:32)))
  expect_identical(memLapply(list("memshare_v", "memshare_nothing"), exists), list(TRUE, FALSE))
  expect_identical(memLapply(list("memshare_f"), function(n) match.fun(n)(1)), list(2))
  here <- function(x) x * 2
  expect_identical(memLapply(list("here"), function(n) do.call(n, list(4))), list(8))
  expect_identical(memLapply(4, function(x) vapply(x, "here", 0)), list(8))
})
