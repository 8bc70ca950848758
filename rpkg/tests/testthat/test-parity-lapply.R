# memLapply against lapply, sapply and vapply.

inputs <- list(
  list = list(1, "a", NULL, TRUE), named = list(a = 1:3, b = letters, c = NULL), nested = list(list(1, list(2)), list(a = list(b = 3))),
  empty = list(), null = NULL, one = list(5), integer = 1:7, double = c(a = 1.5, b = NA), character = c("x", "yy", NA),
  character_named = c(p = "x", q = "yy"), factor = factor(c("u", "v", "u")), date = as.Date("2024-02-29") + 0:2,
  time = as.POSIXct(c(0, 1e9), origin = "1970-01-01", tz = "UTC"), frame = data.frame(a = 1:3, b = c("x", "y", "z")),
  matrices = list(matrix(1:4, 2, dimnames = list(NULL, c("a", "b"))), array(1:8, c(2, 2, 2))), raw = as.raw(1:3),
  complex = c(1i, NA), partial = list(a = 1, 2), long = stats::setNames(as.list(1:300), paste0(strrep("n", 50), 1:300)),
  expression = expression(a + b, c), pairlist = pairlist(a = 1, b = "x")
)
functions <- list(
  identity = identity, class = class, length = length, twice = function(v) list(v, v), nothing = function(v) NULL,
  plain = function(v) c(1, 2), named = function(v) c(a = 1L, b = 2L), attributes = attributes, one = function(v) 1,
  frame = function(v) data.frame(x = 1:2), matrix = function(v) matrix(1:4, 2), ragged = function(v) seq_along(v)
)

for (input in names(inputs)) {
  test_that(paste("memLapply gives what lapply and sapply give for", input), {
    x <- inputs[[input]]
    for (f in names(functions)) {
      way <- next_way()
      label <- label_of(way, input, f)
      expect_identical(
        memLapply(x, functions[[f]], MAX.CORES = way$workers, CONTROL = control_of(way)), lapply(x, functions[[f]]), label = label
      )
      for (simplify in list(TRUE, "array")) {
        expect_identical(
          memLapply(x, functions[[f]], MAX.CORES = way$workers, CONTROL = control_of(way, simplify = simplify)),
          sapply(x, functions[[f]], simplify = simplify), label = paste("simplified", label)
        )
      }
    }
  })
}

test_that("FUN.VALUE gives what vapply gives", {
  x <- list(a = 1, b = 2, c = 3)
  check <- function(fun, template, x) {
    expect_identical(memLapply(x, fun, CONTROL = memControl(FUN.VALUE = template)), vapply(x, fun, template), label = deparse(template))
  }
  check(function(v) v, 0, x)
  check(function(v) 1L, 0, x)
  check(function(v) c(v, 1), c(0, 0), x)
  check(function(v) c(p = v, q = 1), c(0, 0), x)
  check(function(v) c(v, 1), c(p = 0, q = 0), x)
  check(function(v) matrix(v, 2, 2), matrix(0, 2, 2), x)
  check(function(v) "s", "", x)
  check(function(v) NA, TRUE, x)
  check(function(v) numeric(0), numeric(0), x)
  check(function(v) list(v), list(0), x)
  check(nchar, 0L, c("a", "bb"))
  check(function(v) v, 0, list())
  expect_error(memLapply(x, function(v) "s", CONTROL = memControl(FUN.VALUE = 0)), "FUN.VALUE", class = "memshare_error_value")
})

test_that("FUN may be a name, a primitive, an operator or a multi-line lambda", {
  x <- list(1:3, 4:6)
  expect_identical(memLapply(x, "sum"), lapply(x, "sum"))
  expect_identical(memLapply(x, sum), lapply(x, sum))
  expect_identical(memLapply(x, `[[`, NULL, NULL, NULL, NULL, 2), lapply(x, `[[`, 2))
  expect_identical(memLapply(x, "[", NULL, NULL, NULL, NULL, -1), lapply(x, "[", -1))
  expect_identical(memLapply(x, `-`), lapply(x, `-`))
  expect_identical(
    memLapply(x, function(v) {
      w <- v * 2
      w + 1
    }),
    lapply(x, function(v) v * 2 + 1)
  )
  local_name <- function(v) sum(v) + 1
  expect_identical(memLapply(x, "local_name"), list(7, 16))
})

test_that("further arguments reach FUN, whatever FUN calls its own", {
  expect_identical(memLapply(1:2, function(v, power) v^power, power = 3), lapply(1:2, function(v, power) v^power, power = 3))
  expect_identical(memLapply(1:2, function(a, v) a - v, a = 10), lapply(1:2, function(a, v) a - v, a = 10))
  expect_identical(memLapply(1:2, function(n, i = 5) n + i), lapply(1:2, function(n, i = 5) n + i))
  vars <- list(FUN = 1, n = 2, i = 3, x = 4, X = 5, call = 6, frame = 7, v = 8)
  expect_identical(memLapply(1:2, function(el, FUN, n, i, x, X, call, frame, v) el + FUN + n + i + x + X + call + frame + v, VARS = vars),
                   list(37, 38))
  expect_identical(memLapply(list(3), function(...) sum(...), VARS = list(a = 1, b = 2)), list(6))
  expect_identical(memLapply(1:2, function(v, f) missing(f)), list(TRUE, TRUE))
})

test_that("big results and many elements", {
  expect_identical(memLapply(1:20, function(i) rep(i + 0.5, 50000)), lapply(1:20, function(i) rep(i + 0.5, 50000)))
  n <- 20000
  expect_identical(memLapply(seq_len(n), function(el) el + 1, CONTROL = memControl(simplify = TRUE)), seq_len(n) + 1)
})

test_that("a registered list and registered vectors", {
  local_variables("lists", list(l = list(a = 1:3, b = "x"), v = c(p = 1, q = 2), f = factor(c("u", "v"))))
  expect_identical(memLapply("l", length, NAMESPACE = "lists"), list(a = 3L, b = 1L))
  expect_identical(memLapply("v", function(v) v + 1, NAMESPACE = "lists"), list(p = 2, q = 3))
  expect_identical(memLapply("f", as.character, NAMESPACE = "lists"), list("u", "v"))
})

test_that("a registered list is known by its shape as it is by its items", {
  lists <- list(
    alike = as.list(1:10), named = list(x = 1:3, y = 2), nothing = list(), mixed = list("a", NULL, list(1, 2)), nested = list(list(1, 2), list(3, 4)),
    matrices = list(matrix(1, 200, 200), matrix(2, 200, 200)), texts = stats::setNames(as.list(letters), letters), s4 = list(asS4(1), 2),
    classed_items = list(factor("a"), Sys.Date()), classed = structure(list(1, 2), class = "k"), array = structure(list(1, 2, 3, 4), dim = c(2, 2)),
    code = list(quote(a + b), 1), functions = list(1, function(x) x), environments = list(globalenv(), new.env()), frame = data.frame(a = 1:2), vector = 1:3
  )
  local_variables("shapes", lists)
  by_shape <- character()
  for (name in names(lists)) {
    seen <- items_by_name(c("shapes", name), NULL)
    if (is.null(seen)) next
    by_shape <- c(by_shape, name)
    x <- peek(c("shapes", name))
    wanted <- list(x = looked_at(input_of(by_name(c("shapes", name))), x), n = length(x), names = names(x), labels = names(x))
    expect_identical(seen, wanted, info = name)
    expect_identical(memLapply(name, function(x) x, NAMESPACE = "shapes"), lapply(lists[[name]], function(x) x), info = name)
  }
  expect_identical(by_shape, c("alike", "named", "nothing", "mixed", "nested", "matrices", "texts", "s4", "classed_items"))
})
