# memReduce: a fixed tree, in any place and with any workers.

lazy <- memControl(lazy = TRUE)

# The tree, by its description.
tree <- function(values, f) {
  values <- unname(as.list(values))
  while (length(values) > 1) values <- unname(lapply(split(values, (seq_along(values) - 1) %/% 16), function(block) Reduce(f, block)))
  values[[1]]
}

test_that("values are combined in the order that is documented", {
  set <- c(1, 2, 15, 16, 17, 31, 32, 33, 255, 256, 257, 300, 4097)
  join <- function(a, b) paste0("(", a, b, ")")
  for (n in set) {
    values <- as.list(as.character(seq_len(n)))
    expect_identical(memReduce(values, join, MAX.CORES = 2), tree(values, join), info = n)
    expect_identical(memReduce(values, join, init = "i", MAX.CORES = 1), join("i", tree(values, join)), info = n)
  }
  expect_identical(memReduce(as.list(letters), paste0), paste(letters, collapse = ""))
})

test_that("the value does not depend on workers, chunks or levels", {
  old <- globalenv()$.Random.seed
  on.exit(if (!is.null(old)) assign(".Random.seed", old, envir = globalenv()))
  set.seed(1)
  x <- rnorm(5000) * 10^(rnorm(5000) * 3)
  expected <- tree(x, `+`)
  expect_false(identical(Reduce(`+`, x), expected))
  for (workers in worker_counts()) {
    for (chunk in list(NULL, 1, 7, 1000)) {
      control <- memControl(chunk = chunk, lazy = TRUE)
      source <- memLapply(x, identity, CONTROL = control)
      expect_identical(memRun(memReduce(source, `+`, CONTROL = control), MAX.CORES = workers), expected)
      expect_identical(memReduce(x, `+`, MAX.CORES = workers, CONTROL = memControl(chunk = chunk)), expected)
    }
  }
})

test_that("as many levels are folded where the values are as there is work for", {
  expect_identical(fold_levels(100, 1), 0)
  expect_identical(fold_levels(128, 1), 1)
  expect_identical(fold_levels(128, 2), 0)
  expect_identical(fold_levels(512, 1), 2)
  expect_identical(fold_levels(1e6, 2), 4)
  fake_native()
  for (n in c(1, 16, 127, 128, 511, 512, 600, 8192)) {
    values <- memLapply(seq_len(n), function(i) i / 7, CONTROL = lazy)
    expect_identical(memRun(memReduce(values, `+`), MAX.CORES = 1), tree(seq_len(n) / 7, `+`), info = n)
  }
})

test_that("one value is given unchanged, and none gives init or NULL", {
  expect_identical(memReduce(list(a = "x"), stop), "x")
  expect_null(memReduce(list(), `+`))
  expect_identical(memReduce(list(), `+`, init = 5), 5)
  expect_identical(memRun(memReduce(memLapply(list(), sqrt, CONTROL = lazy), `+`, init = NULL)), NULL)
  expect_identical(memReduce(list(NULL, NULL), function(a, b) c(a, b)), NULL)
})

test_that("memReduce takes what it says it takes", {
  local_variables("reduce", list(items = list(1, 2, 3), v = c(a = 1, b = 10)))
  expect_identical(memReduce("items", `+`, NAMESPACE = "reduce"), 6)
  expect_identical(memReduce("v", "-", NAMESPACE = "reduce"), -9)
  expect_identical(memReduce(list(1, 2), function(a, b, k) a + b * k, k = 3), 7)
  expect_identical(memReduce(matrix(1:4, 2), `+`), 10L)
  expect_error(memReduce("items", `+`), "needs NAMESPACE")
  expect_error(memReduce(1:3, "no_such_function"), class = "memshare_error_input")
  expect_error(memReduce(1:3, `+`, init = memLapply(1, sqrt, CONTROL = lazy)), "init is a pass")
  vector <- memLapply(c(a = 1, b = 2), sqrt, CONTROL = memControl(FUN.VALUE = 0, lazy = TRUE))
  expect_identical(memRun(memReduce(vector, `+`)), 1 + sqrt(2))
})

test_that("a reduced pass is a pass, and its one value can be read by others", {
  total <- memReduce(memLapply(1:4, function(i) i * 1, CONTROL = lazy), `+`)
  expect_s3_class(total, "memshare_pass")
  expect_match(format(total)[[1]], "memReduce of the 4 results of a pass", fixed = TRUE)
  expect_identical(memLapply(1:2, function(i, total) i / total, VARS = list(total = total)), list(0.1, 0.2))
  expect_s3_class(memReduce(1:3, `+`, CONTROL = lazy), "memshare_pass")
})

test_that("what a fold captures is shared once and found", {
  big <- as.numeric(1:2e5)
  f <- function(a, b) a + b + big[[1]]
  expect_message(value <- memReduce(1:300, f), class = "memshare_message_captured")
  expect_identical(value, tree(1:300, f))
})

# What tapply() gives of the tree of each group.
by_tree <- function(x, by, f, simplify = FALSE, init = NULL) {
  fold <- function(v) if (is.null(init)) tree(v, f) else f(init, tree(v, f))
  tapply(seq_along(x), by, function(at) fold(as.list(x)[at]), simplify = simplify)
}

test_that("groups are combined each by its own tree, and are where tapply puts them", {
  set.seed(5)
  join <- function(a, b) paste0("(", a, b, ")")
  for (n in c(0, 1, 2, 17, 300)) for (kind in c("plain", "factor", "missing", "listed", "one")) {
    x <- as.list(as.character(seq_len(n)))
    by <- switch(kind,
      plain = rep_len(c("b", "a", "c"), n), factor = factor(rep_len(c("u", "w"), n), levels = c("w", "v", "u")), missing = rep_len(c(NA, 2, 1), n),
      listed = list(g = rep_len(1:2, n), h = rep_len(c("x", NA, "y"), n)), one = rep_len("only", n)
    )
    way <- next_way()
    label <- label_of(way, n, kind)
    expect_identical(memReduce(x, join, by = by, MAX.CORES = way$workers, CONTROL = control_of(way)), by_tree(x, by, join), label = label)
    expect_identical(
      memReduce(x, join, init = "i", by = by, MAX.CORES = way$workers, CONTROL = control_of(way, simplify = TRUE)), by_tree(x, by, join, TRUE, "i"),
      label = label
    )
    source <- memLapply(x, identity, CONTROL = lazy)
    expect_identical(memRun(memReduce(source, join, by = by, CONTROL = control_of(way)), MAX.CORES = way$workers), by_tree(x, by, join), label = label)
  }
})

test_that("groups in sums, chains, registered variables and errors", {
  set.seed(6)
  x <- rnorm(2000) * 10^rnorm(2000)
  g <- sample(c(letters[1:4], NA), 2000, TRUE)
  expected <- by_tree(x, g, `+`, TRUE)
  typed <- memControl(FUN.VALUE = 0, lazy = TRUE)
  source <- memLapply(x, identity, CONTROL = typed)
  sums <- memReduce(source, `+`, by = g, CONTROL = typed)
  lists <- memReduce(source, `+`, by = g)
  most <- memLapply(sums, abs, CONTROL = lazy)
  total <- memReduce(lists, `+`)
  seen <- memDo(function(sums, lists) list(sums, lists), sums, lists)
  for (workers in worker_counts()) {
    values <- memRun(sums, most, total, seen, MAX.CORES = workers)
    expect_identical(values$sums, expected)
    expect_identical(values$most, lapply(expected, abs))
    expect_identical(values$total, tree(expected, `+`))
    expect_identical(values$seen, list(expected, by_tree(x, g, `+`)))
  }
  expect_match(format(sums)[[1]], "memReduce of the 4 groups of a pass (memLapply with identity) with +", fixed = TRUE)
  local_variables("reduced", list(x = as.list(x), g = g))
  expect_identical(memReduce("x", `+`, by = "g", NAMESPACE = "reduced", CONTROL = memControl(simplify = TRUE)), expected)
  expect_identical(c(memReduce(1:4, function(a, b, k) a + b * k, by = c(1, 1, 2, 2), k = 10)), list(`1` = 21, `2` = 43))
  expect_error(memReduce(1:4, function(a, b) stop("odd"), by = c(1, 1, 2, 2)), "FUN failed at group 1 ('1'): odd", fixed = TRUE)
  expect_error(memReduce(1:4, `+`, by = 1:3), "arguments must have same length", class = "memshare_error_input")
  expect_error(memReduce(1:4, `+`, by = source), "is a pass", class = "memshare_error_input")
})
