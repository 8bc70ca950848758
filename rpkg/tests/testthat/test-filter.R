# memFilter beside Filter: types x shapes x predicates, with worker counts and chunk sizes in turn; and what reads it in chains.

lazy <- memControl(lazy = TRUE)
typed <- memControl(FUN.VALUE = 0, lazy = TRUE)

predicates <- list(
  all = function(v) TRUE, none = function(v) FALSE, missing = function(v) NA, long = function(v) length(unlist(v)) > 0, number = function(v) 1,
  some = function(v) sum(nchar(format(v))) %% 2 == 0, odd = function(v) if (is.null(v)) NA else !is.na(v[1])
)

for (type in names(makers)) {
  test_that(paste("memFilter gives what Filter gives for", type), {
    set.seed(nchar(type))
    for (n in c(0, 1, 2, 7, 60)) for (name in names(predicates)) {
      x <- makers[[type]](n)
      if (n > 0 && runif(1) < 0.5) names(x) <- sprintf("n%d", seq_len(n))
      way <- next_way()
      f <- predicates[[name]]
      # Filter() walks vectors by lapply(), so items of lists may be NULL.
      wanted <- x[which(vapply(lapply(x, f), isTRUE, NA) | vapply(lapply(x, f), identical, NA, 1))]
      expect_identical(memFilter(x, f, MAX.CORES = way$workers, CONTROL = control_of(way)), wanted, label = label_of(way, type, n, name, !is.null(names(x))))
    }
  })
}

test_that("registered variables, further arguments, VARS, other vectors", {
  x <- c(a = 3, b = 1, c = 2)
  local_variables("filters", list(x = x, l = as.list(x), w = 2))
  expect_identical(memFilter("x", function(v, w) v >= w, NAMESPACE = "filters", VARS = "w"), x[c("a", "c")])
  expect_identical(memFilter("l", function(v, k) v < k, NAMESPACE = "filters", k = 2), list(b = 1))
  expect_identical(memFilter(iris, is.numeric), Filter(is.numeric, iris))
  dates <- as.Date("2026-01-01") + 0:3
  late <- function(d) d > dates[[2]]
  expect_identical(memFilter(dates, late), Filter(late, dates))
  expect_identical(memRun(memFilter(dates, late, CONTROL = memControl(lazy = TRUE))), as.list(dates[3:4]))
  expect_identical(memFilter(iris$Species, function(s) s == "setosa"), Filter(function(s) s == "setosa", iris$Species))
})

# A chain over a filter, and the same in base R.
chain <- function(x, keep, control) {
  rev2 <- function(v) rev(c(v, 1))
  first <- memLapply(x, rev2, CONTROL = control(lazy = TRUE))
  kept <- memFilter(first, keep, CONTROL = control(lazy = TRUE))
  sums <- memLapply(kept, sum, CONTROL = control(FUN.VALUE = 0, lazy = TRUE))
  wide <- memLapply(kept, range, CONTROL = control(FUN.VALUE = c(lo = 0, hi = 0), lazy = TRUE))
  shown <- memLapply(kept, length, CONTROL = control(simplify = TRUE, lazy = TRUE))
  twice <- memFilter(sums, function(v) v > 3, CONTROL = control(lazy = TRUE))
  both <- memMapply(function(a, b, c) list(sum(a), b + c), kept, sums, c = 5, CONTROL = control(lazy = TRUE))
  joined <- memReduce(kept, c, CONTROL = control())
  begun <- memReduce(twice, `+`, init = 100, CONTROL = control())
  share <- memLapply(sums, function(v, all) v / sum(all), VARS = list(all = sums), CONTROL = control(lazy = TRUE))
  seen <- memDo(function(kept, sums, wide, shown, twice) list(kept, sums, wide, shown, twice), kept, sums, wide, shown, twice)
  passes <- list(
    kept = kept, sums = sums, wide = wide, shown = shown, twice = twice, both = both, joined = joined, begun = begun, share = share, seen = seen
  )
  base <- list(kept = Filter(keep, lapply(x, rev2)))
  base$sums <- vapply(base$kept, sum, 0)
  base$wide <- vapply(base$kept, range, c(lo = 0, hi = 0))
  base$shown <- sapply(base$kept, length)
  base$twice <- base$sums[base$sums > 3]
  base$both <- mapply(function(a, b, c) list(sum(a), b + c), base$kept, base$sums, MoreArgs = list(c = 5), SIMPLIFY = FALSE)
  base["joined"] <- list(if (length(base$kept)) Reduce(c, unname(base$kept)) else NULL)
  base$begun <- if (length(base$twice)) 100 + Reduce(`+`, unname(base$twice)) else 100
  base$share <- lapply(base$sums, function(v) v / sum(base$sums))
  base$seen <- base[c("kept", "sums", "wide", "shown", "twice")] |> unname()
  list(passes = passes, base = base)
}

test_that("what reads a filter is as long as what was kept", {
  set.seed(3)
  keeps <- list(all = function(v) TRUE, none = function(v) FALSE, some = function(v) length(v) > 2, few = function(v) v[[1]] == 1 && sum(v) > 8)
  for (n in c(0, 1, 5, 40, 700)) for (keep in names(keeps)) {
    x <- lapply(seq_len(n), function(i) as.double(sample(5, sample(0:4, 1))))
    if (n %% 2 == 1) names(x) <- sprintf("n%d", seq_len(n))
    way <- next_way()
    made <- chain(x, keeps[[keep]], function(...) control_of(way, ...))
    label <- label_of(way, n, keep)
    plan <- do.call(memPlan, c(made$passes, list(MAX.CORES = way$workers)), quote = TRUE)
    for (i in 1:2) {
      values <- memRun(plan)
      for (name in names(made$base)) expect_equal(values[[name]], made$base[[name]], label = paste(label, name))
    }
    one <- sample(names(made$base), 1)
    expect_equal(memRun(made$passes[[one]], MAX.CORES = way$workers), made$base[[one]], label = paste(label, one, "alone"))
  }
})

test_that("a fold of what was kept is the same for any workers and chunks", {
  set.seed(4)
  x <- rnorm(4000) * 10^rnorm(4000)
  kept <- memFilter(memLapply(x, identity, CONTROL = typed), function(v) v > 0, CONTROL = lazy)
  sums <- lapply(worker_counts(), function(workers) {
    lapply(list(NULL, 7, 1000), function(chunk) memRun(memReduce(kept, `+`, CONTROL = memControl(chunk = chunk)), MAX.CORES = workers))
  })
  expect_length(unique(unlist(sums)), 1)
  expect_equal(unlist(sums)[[1]], sum(x[x > 0]))
})

test_that("a worker takes an element through filter and readers at once, and FUN sees no mark", {
  x <- as.list(1:100)
  source <- memLapply(x, function(i) list(i, Sys.getpid()), CONTROL = lazy)
  kept <- memFilter(source, function(v) v[[1]] %% 10 == 0, CONTROL = lazy)
  read <- memLapply(kept, function(v) c(v[[1]], Sys.getpid() == v[[2]]), CONTROL = memControl(FUN.VALUE = c(0, 0), lazy = TRUE))
  plan <- memPlan(read)
  expect_identical(memRun(plan), vapply(seq(10, 100, 10), function(i) c(i, 1), c(0, 0)))
  expect_identical(as.data.frame(memLastRun(), what = "tasks")$kind |> table() |> unclass() |> getElement("map"), 1L)
  expect_identical(memRun(memLapply(kept, function(v) sys.call(), CONTROL = lazy))[[1]], quote(FUN(X[[i]], ...)))
  expect_s3_class(memSimulate(plan), "memshare_simulation")
  local_variables("marks", list(x = x))
  expect_identical(memLapply(memFilter("x", function(i) i > 98, NAMESPACE = "marks", CONTROL = lazy), function(i) i + 1L), list(100L, 101L))
  expect_identical(collect(memRun(kept, wait = FALSE)) |> lapply(`[[`, 1), as.list(seq(10L, 100L, 10L)))
})

test_that("as a pass it is described by what is known, and errors go by the elements of X", {
  source <- memLapply(c(a = 1, b = 2, c = 3), function(v) v, CONTROL = typed)
  big <- memFilter(source, function(v) v > 1, CONTROL = lazy)
  read <- memLapply(big, function(v) if (v == 3) stop("boom") else v, CONTROL = lazy)
  expect_identical(length(big), NA_integer_)
  expect_identical(length(read), NA_integer_)
  expect_null(names(read))
  expect_match(format(big)[[1]], "memFilter over the 3 results of a pass (memLapply) with function (v)", fixed = TRUE)
  expect_match(format(read)[[1]], "memLapply over the up to 3 results of a pass (memFilter)", fixed = TRUE)
  expect_output(print(summary(memPlan(read))), "up to 3 results of pass 'big'")
  expect_error(memRun(read), "FUN failed at element 3 ('c'): boom", fixed = TRUE, class = "memshare_error_element")
  collected <- memLapply(big, function(v) if (v == 3) stop("boom") else v, CONTROL = memControl(on_error = "collect", lazy = TRUE))
  expect_warning(value <- memRun(collected), "FUN failed at 1 of 3 elements, first at element 3 ('c')", fixed = TRUE)
  expect_identical(names(value), c("b", "c"))
  expect_s3_class(value$c, "memshare_error_element")
  expect_error(memFilter(1:3, function(v) c(TRUE, FALSE)), "element 1: FUN must give TRUE or FALSE, not a logical vector of length 2", fixed = TRUE)
  expect_error(memFilter(1:3, function(v) stop("odd")), "FUN failed at element 1: odd", fixed = TRUE)
  expect_identical(
    memRun(memLapply(memFilter(1:5, function(i) i > 2, CONTROL = lazy), function(i) rnorm(1), CONTROL = memControl(seed = 1, lazy = TRUE))),
    memLapply(1:5, function(i) rnorm(1), CONTROL = memControl(seed = 1))[3:5]
  )
})

test_that("what must know the length before is refused", {
  source <- memLapply(1:4, function(v) v * 1, CONTROL = typed)
  kept <- memFilter(source, function(v) v > 1, CONTROL = lazy)
  other <- memFilter(source, function(v) v > 2, CONTROL = lazy)
  expect_input <- function(code, text) expect_error(code, text, fixed = TRUE, class = "memshare_error_input")
  expect_input(memTapply(kept, 1:4, sum), "X is a pass after memFilter(), whose length is known only when it has run")
  expect_input(memReduce(kept, `+`, by = 1:4), "X is a pass after memFilter()")
  expect_input(memOuter(kept, FUN = `+`), "X is a pass after memFilter()")
  expect_input(memOuter(1:2, kept, `+`), "Y is a pass after memFilter()")
  expect_input(memMapply(`+`, kept, source), "collection number 2 did not go through the same memFilter()")
  expect_input(memMapply(function(a, b) a, kept, b = other), "collection 'b' did not go through the same memFilter()")
  expect_input(memMapply(`+`, kept, 1:4), "collection number 2 did not go through the same memFilter()")
  wide <- memLapply(kept, range, CONTROL = memControl(FUN.VALUE = c(0, 0), lazy = TRUE))
  expect_input(memApply(wide, 2, sum), "FUN.VALUE of several values after memFilter()")
  expect_input(memLapply(wide, sum), "FUN.VALUE of several values after memFilter()")
  loose <- memLapply(kept, sqrt, CONTROL = memControl(on_error = "collect", lazy = TRUE))
  expect_input(memLapply(loose, sum), "after memFilter() with on_error")
})

test_that("beside a value that is done again in part, what a filter left stays as it is; alone it is refused", {
  flag <- tempfile()
  kept <- memFilter(memLapply(1:20, function(i) i, CONTROL = lazy), function(i) i %% 2 == 0, CONTROL = lazy)
  sums <- memLapply(kept, function(i) i + 1, CONTROL = typed)
  collect <- memControl(on_error = "collect", lazy = TRUE)
  risky <- memLapply(1:5, function(i, flag) if (i == 3 && !file.exists(flag)) stop("no") else i * 2, VARS = list(flag = flag), CONTROL = collect)
  expect_warning(first <- memRun(kept, sums, risky), "FUN failed at 1 of 5 elements")
  file.create(flag)
  second <- suppressMessages(memRedo(first))
  expect_identical(second, c(first[c("kept", "sums")], list(risky = as.list(1:5 * 2))))
  failing <- memLapply(kept, function(i) if (i == 4) stop("no") else i, CONTROL = collect)
  expect_warning(value <- memRun(failing), "element 4")
  expect_error(memRedo(value), "is what memFilter() left, and single elements of it cannot be done again", fixed = TRUE, class = "memshare_error_input")
})
