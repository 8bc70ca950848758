# memTapply and memBy beside tapply and by: types x groupings x functions, with worker counts and chunk sizes in turn.

lazy <- memControl(lazy = TRUE)
without_call <- function(x) structure(x, call = NULL)
# The rows of a data frame by group, on any R: before R 4.3 tapply() takes no data frame.
by_rows <- function(d, index, fun, ...) tapply(seq_len(nrow(d)), index, function(i) fun(d[i, , drop = FALSE]), ...)

vectors <- list(
  double = function(n) c(NA, NaN, Inf, -0.5, seq_len(n))[seq_len(n)], integer = function(n) c(NA, seq_len(n))[seq_len(n)],
  logical = function(n) rep_len(c(TRUE, FALSE, NA), n), complex = function(n) complex(real = seq_len(n), imaginary = -seq_len(n)),
  raw = function(n) as.raw(seq_len(n) %% 256), character = function(n) rep_len(c("a", NA, "", "\u00e9t\u00e9"), n),
  list = function(n) rep_len(list(1, "a", NULL, list(2, 3)), n), named = function(n) stats::setNames(seq_len(n) / 2, sprintf("n%d", seq_len(n))),
  factor = function(n) factor(rep_len(c("u", NA, "v"), n), levels = c("v", "u", "w")), ordered = function(n) ordered(rep_len(3:1, n)),
  date = function(n) as.Date("2026-01-01") + seq_len(n), time = function(n) as.POSIXct(seq_len(n), origin = "1970-01-01", tz = "Asia/Tokyo"),
  difference = function(n) as.difftime(seq_len(n), units = "hours"), array = function(n) array(seq_len(n), n, list(i = sprintf("a%d", seq_len(n)))),
  table = function(n) if (n) table(rep(paste0("k", seq_len(n)), seq_len(n) %% 3 + 1)) else table(character()), note = function(n) structure(seq_len(n), note = "kept?")
)
groupings <- list(
  one = function(n) rep_len("only", n), two = function(n) rep_len(c("b", "a"), n), each = function(n) seq_len(n),
  empty = function(n) factor(rep_len(c("x", "z"), n), levels = c("z", "y", "x")), missing = function(n) rep_len(c(NA, 1, 2), n),
  none = function(n) factor(rep_len(NA, n), levels = c("p", "q")), logical = function(n) rep_len(c(TRUE, NA, FALSE), n),
  na_level = function(n) addNA(rep_len(c("a", NA), n)), listed = function(n) list(rep_len(2:1, n)), named = function(n) list(g = rep_len(2:1, n)),
  both = function(n) list(g = rep_len(c("b", "a"), n), h = factor(rep_len(c("x", "x", "z"), n), levels = c("x", "y", "z"))),
  three = function(n) list(rep_len(1:2, n), rep_len(c(NA, 1:3), n), rep_len(letters, n)),
  frame = function(n) data.frame(u = rep_len(c(1.5, 2.5), n), v = rep_len(c("k", "l", "m"), n))
)
functions <- list(
  length = length, identity = identity, first = function(v) v[1], names = function(v) names(v), two = function(v) c(a = 1, b = 2),
  nothing = function(v) NULL, text = function(v) paste(v, collapse = "-"), ragged = function(v) seq_along(v), listed = function(v) list(1),
  kind = function(v) paste(typeof(v), class(v), length(attributes(v)), attr(v, "tzone"), collapse = " "), sometimes = function(v) if (length(v) > 2) 1
)

for (type in names(vectors)) {
  test_that(paste("memTapply gives what tapply gives for", type), {
    set.seed(nchar(type))
    for (by in names(groupings)) for (n in if (by %in% c("two", "missing", "both")) c(0, 1, 7, 30) else sample(c(0, 1, 2, 7, 30), 1)) {
      x <- vectors[[type]](n)
      index <- groupings[[by]](n)
      way <- next_way()
      f <- sample(names(functions), 1)
      simplify <- runif(1) < 0.6
      expect_identical(
        memTapply(x, index, functions[[f]], MAX.CORES = way$workers, simplify = simplify, CONTROL = control_of(way)),
        tapply(x, index, functions[[f]], simplify = simplify), label = label_of(way, type, n, by, f, simplify)
      )
    }
  })
}

frames <- list(
  plain = function(n) data.frame(a = seq_len(n) / 3, b = rep_len(letters, n), f = factor(rep_len(c("u", "v"), n))),
  rows = function(n) data.frame(a = seq_len(n), row.names = if (n) paste0("r", seq_len(n))),
  columns = function(n) {
    d <- data.frame(when = as.Date("2026-01-01") + seq_len(n))
    d$l <- rep_len(list(1, "a", NULL), n)
    d$m <- matrix(seq_len(2 * n), n)
    d
  },
  one = function(n) data.frame(x = rep_len(c(TRUE, NA), n)), no_columns = function(n) data.frame(a = seq_len(n))[, 0, drop = FALSE]
)
summaries <- list(
  dim = dim, identity = identity, first = function(d) if (ncol(d)) d[[1]][1] else 0, names = function(d) rownames(d),
  counts = function(d) nrow(d), nothing = function(d) NULL,
  columns = function(d) paste(vapply(d, function(column) class(column)[[1]], ""), collapse = " ")
)

for (kind in names(frames)) {
  test_that(paste("memBy gives what by gives for", kind), {
    set.seed(nchar(kind))
    for (by in names(groupings)) for (n in c(if (by %in% c("two", "missing", "both")) c(0, 1, 30), sample(c(0, 2, 7), 1))) {
      d <- frames[[kind]](n)
      index <- groupings[[by]](n)
      way <- next_way()
      f <- summaries[[sample(names(summaries), 1)]]
      simplify <- runif(1) < 0.6
      label <- label_of(way, kind, n, by, deparse(f)[[1]], simplify)
      value <- memBy(d, index, f, MAX.CORES = way$workers, simplify = simplify, CONTROL = control_of(way))
      expect_identical(without_call(value), without_call(by(d, index, f, simplify = simplify)), label = label)
      value <- memTapply(d, index, f, MAX.CORES = way$workers, simplify = simplify, CONTROL = control_of(way))
      expect_identical(value, by_rows(d, index, f, simplify = simplify), label = label)
    }
  })
}

test_that("by on what is no data frame, formulas, and the call", {
  m <- matrix(1:12, 6, dimnames = list(NULL, c("a", "b")))
  g <- rep(1:2, 3)
  for (data in list(m, 1:6, letters[1:6], c(a = 1, b = 2, c = 3, d = 4, e = 5, f = 6), factor(letters[1:6]), unname(m))) {
    expect_identical(without_call(memBy(data, g, identity)), without_call(by(data, g, identity)))
  }
  value <- memBy(warpbreaks, ~ wool + tension, function(d) sum(d$breaks))
  expect_identical(without_call(value), without_call(by(warpbreaks, warpbreaks[-1], function(d) sum(d$breaks))))
  expect_identical(attr(value, "call")[[1]], quote(memBy))
  expect_identical(names(dimnames(memBy(as.data.frame(m), g + 1, dim))), "g + 1")
  expect_output(print(memBy(warpbreaks[, 1], warpbreaks$tension, mean)), "warpbreaks\\$tension: L")
  expect_identical(memTapply(warpbreaks, ~ tension, nrow), by_rows(warpbreaks, list(tension = warpbreaks$tension), nrow))
})

test_that("data.tables and tibbles are shared and cut as by() cuts them", {
  skip_if_not_installed("data.table")
  skip_if_not_installed("tibble")
  d <- data.frame(g = rep(c("a", "b", "c"), 20), x = seq_len(60) / 7)
  f <- function(part) list(class(part), sum(part$x), nrow(part))
  for (data in list(data.table::as.data.table(d), tibble::as_tibble(d))) {
    expect_identical(without_call(memBy(data, data$g, f)), without_call(by(data, data$g, f)))
    expect_identical(
      without_call(memBy(data, data$g, function(part) as.data.frame(part))), without_call(by(data, data$g, function(part) as.data.frame(part)))
    )
  }
  keyed <- data.table::data.table(d, key = "g")
  total <- function(part) part[, sum(x)]
  environment(total) <- globalenv()
  expect_identical(without_call(memBy(keyed, keyed$g, total)), without_call(by(keyed, keyed$g, total)))
})

test_that("registered data and factors, VARS, further arguments, default, random shapes", {
  set.seed(7)
  for (i in 1:12) {
    n <- sample(c(5, 300, 20000), 1)
    d <- data.frame(x = runif(n), y = round(runif(n), 2), g = sample(c(NA, paste0("g", 1:40)), n, TRUE), h = sample(letters[1:3], n, TRUE))
    d$h <- factor(d$h, levels = letters[1:4])
    local_variables("groups", list(d = d, x = d$x, g = d$g, both = d[c("g", "h")], w = 3))
    way <- next_way()
    call <- function(verb, ...) verb(..., NAMESPACE = "groups", MAX.CORES = way$workers, CONTROL = control_of(way))
    f <- function(v, w, k = 0) sum(v) * w + k
    expect_identical(call(memTapply, "x", "g", f, VARS = "w", k = 2), tapply(d$x, d$g, f, 3, 2))
    expect_identical(call(memTapply, "x", "both", length, default = 0L), tapply(d$x, d[c("g", "h")], length, default = 0L))
    expect_identical(call(memTapply, "x", d$h, range), tapply(d$x, d$h, range))
    g <- function(rows, w) colMeans(rows[1:2]) * w
    expect_identical(without_call(call(memBy, "d", "both", g, VARS = "w")), without_call(by(d, d[c("g", "h")], g, 3)))
    expect_identical(without_call(call(memBy, d, d$h, nrow)), structure(by(d, d$h, nrow), call = NULL))
    memshare_gc("groups")
  }
})

test_that("the data is shared once, and the row sets of the groups with it", {
  d <- data.frame(x = runif(2e5), y = runif(2e5), g = rep_len(1:1000, 2e5))
  memBy(d, d$g, nrow)
  expect_lt(memLastRun()$bytes_shared, 1.1 * (20 + 4) * 2e5)
  # A group is as long as it has rows: what is costly begins early.
  uneven <- rep(1:3, c(10, 20, 30000))
  pass <- unwrap_pass(memTapply(runif(length(uneven)), uneven, sum, CONTROL = lazy))
  expect_identical(sizes_of(pass), c(10, 20, 30000))
})

test_that("groups in chains", {
  set.seed(1)
  x <- runif(500)
  g <- sample(c(NA, letters[1:5]), 500, TRUE)
  h <- factor(sample(c("u", "v"), 500, TRUE), levels = c("u", "v", "w"))
  d <- data.frame(x, g, h)
  typed <- memControl(FUN.VALUE = 0, lazy = TRUE)
  sums <- memTapply(x, g, sum, CONTROL = typed)
  parts <- memTapply(x, g, range, simplify = FALSE, CONTROL = lazy)
  cells <- memTapply(x, list(g = g, h = h), sum, CONTROL = typed)
  shown <- memTapply(x, g, mean, CONTROL = lazy)
  rows <- memBy(d, h, nrow, CONTROL = memControl(FUN.VALUE = 0L, lazy = TRUE))
  twice <- memLapply(sums, function(v) v * 2, CONTROL = lazy)
  both <- memMapply(function(a, b) a - sum(b), sums, parts, CONTROL = lazy)
  wide <- memLapply(parts, diff, CONTROL = lazy)
  by_h <- memApply(cells, 2, function(column) sum(column, na.rm = TRUE), CONTROL = lazy)
  total <- memReduce(sums, `+`)
  entries <- memLapply(cells, is.na, CONTROL = lazy)
  whole <- memLapply(1, function(i, ...) list(...), VARS = list(sums = sums, parts = parts, cells = cells, shown = shown, rows = rows), CONTROL = lazy)
  base <- list(
    sums = tapply(x, g, sum), parts = tapply(x, g, range, simplify = FALSE), cells = tapply(x, list(g = g, h = h), sum), shown = tapply(x, g, mean),
    rows = by(d, h, nrow)
  )
  wanted <- list(
    twice = lapply(base$sums, function(v) v * 2), both = mapply(function(a, b) a - sum(b), base$sums, base$parts, SIMPLIFY = FALSE),
    wide = lapply(base$parts, diff), by_h = apply(base$cells, 2, function(column) sum(column, na.rm = TRUE), simplify = FALSE),
    total = Reduce(`+`, base$sums), entries = lapply(as.vector(base$cells), is.na)
  )
  for (workers in worker_counts()) {
    plan <- memPlan(twice, both, wide, by_h, total, entries, whole, MAX.CORES = workers)
    for (i in 1:2) {
      values <- memRun(plan)
      expect_identical(values[names(wanted)], wanted)
      expect_identical(lapply(values$whole[[1]], without_call), lapply(base, without_call))
    }
  }
  # Data that is a pass: a vector, a list.
  doubled <- memLapply(x, function(v) v * 2, CONTROL = typed)
  expect_identical(memTapply(doubled, g, sum), tapply(x * 2, g, sum))
  listed <- memLapply(x, function(v) c(v, v), CONTROL = lazy)
  expect_identical(memTapply(listed, g, length), tapply(as.list(x), g, length))
  expect_output(print(sums), "memTapply over the 5 groups of a numeric vector of length 500 with sum")
  expect_error(memLapply(shown, sqrt), "say simplify = FALSE", class = "memshare_error_input")
  # Other variables in a further run.
  scaled <- memTapply(x, g, function(v, w) sum(v) * w, VARS = list(w = 1), CONTROL = lazy)
  plan <- memPlan(scaled)
  expect_identical(memRun(plan, VARS = list(w = 2)), tapply(x, g, function(v) sum(v) * 2))
  expect_identical(memRun(plan), tapply(x, g, function(v) sum(v) * 1))
  expect_error(memRun(plan, VARS = list(.data = x)), "no pass has '.data'", class = "memshare_error_input")
})

test_that("an error names the group, and the others can be kept", {
  x <- 1:10
  g <- rep(c("a", "b"), 5)
  bad <- function(v) if (4 %in% v) stop("bad") else sum(v)
  e <- tryCatch(memTapply(x, g, bad), memshare_error_element = identity)
  expect_identical(conditionMessage(e), "FUN failed at group 2 ('b'): bad")
  expect_identical(e[c("index", "name")], list(index = 2, name = "b"))
  expect_error(memTapply(x, list(u = g, v = x > 5), bad), "group 2 ('u: b, v: FALSE'): bad", fixed = TRUE)
  expect_error(memBy(data.frame(x), g, function(d) bad(d$x)), "FUN failed at group 2 ('b'): bad", fixed = TRUE)
  expect_warning(
    kept <- memTapply(x, g, bad, CONTROL = memControl(on_error = "collect")), "FUN failed at 1 of 2 groups, first at group 2 ('b')", fixed = TRUE
  )
  expect_identical(dim(kept), 2L)
  expect_identical(kept[["a"]], 25L)
  expect_s3_class(kept[["b"]], "memshare_error_element")
  expect_warning(memTapply(x, g, function(v) if (4 %in% v) warning("odd")), "group 2 ('b'): odd", fixed = TRUE)
  expect_error(memTapply(x, g, function(v) "text", CONTROL = memControl(FUN.VALUE = 0)), class = "memshare_error_value")
  # The variable became another one after the pass was made.
  local_variables("changing", list(x = 1:10, d = data.frame(x)))
  one <- memTapply("x", g, sum, NAMESPACE = "changing", CONTROL = lazy)
  two <- memBy("d", g, nrow, NAMESPACE = "changing", CONTROL = lazy)
  expect_identical(lapply(memRun(one, two), c), list(one = c(a = 25L, b = 30L), two = c(a = 5L, b = 5L)))
  releaseVariables("changing", c("x", "d"))
  registerVariables("changing", list(x = 1:9, d = data.frame(x = 1:9)))
  expect_error(memRun(one), "was of size 10 when the pass was made, and now is of 9", class = "memshare_error_plan")
  expect_error(memRun(two), "the variable has 9 rows or items, but its groups were made for 10", class = "memshare_error_element")
})

test_that("what cannot be used is said at once", {
  expect_input <- function(code, text) expect_error(code, text, class = "memshare_error_input")
  expect_input(memTapply(1:3, 1:2, sum), "arguments must have same length")
  expect_input(memTapply(1:3, list(), sum), "INDEX has no factor")
  expect_input(memTapply(1:3, sum, sum), "INDEX must be a factor")
  expect_input(memTapply(1:3, ~ g, sum), "a formula as INDEX needs data that is a data frame")
  expect_input(memTapply(iris, Sepal.Length ~ Species, nrow), "nothing on its left")
  expect_input(memTapply(sum, 1:3, sum), "Unknown input format for X")
  expect_input(memTapply(1:3, 1:3, sum, simplify = NA), "simplify must be TRUE or FALSE")
  expect_input(memTapply(1:3, 1:3, range, CONTROL = memControl(FUN.VALUE = c(0, 0))), "FUN.VALUE must be one value for each group")
  expect_input(memTapply(1:3, 1:3, sum, simplify = FALSE, CONTROL = memControl(FUN.VALUE = 0)), "contradict each other")
  expect_input(memTapply(1:3, 1:3, function(v, .data) 1, VARS = list(.data = 1)), "cannot hold a variable named '.data'")
  expect_input(memBy(sum, 1:3, nrow), "Unknown input format")
  expect_input(memBy(iris, 1:3, nrow), "arguments must have same length")
  expect_input(memBy(memLapply(1:3, sqrt, CONTROL = lazy), 1:3, nrow), "data is a pass")
  expect_input(memTapply(1:3, memLapply(1:3, sqrt, CONTROL = lazy), sum), "INDEX is a pass")
  many <- factor(1:2, levels = 1:50000)
  expect_input(memTapply(1:2, list(many, many), sum), "total number of levels")
})
