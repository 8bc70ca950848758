# Random programs of passes give what the same program gives with base R, one call after the other. A program is made from its
# seed; when one fails, rerun `compare(seed)`.
skip_on_cran()

# What FUN can tell of a value that it gets whole: content, names and shape.
digest_of <- function(a) {
  text <- paste(c(names(a), unlist(dimnames(a))), collapse = "")
  sum(as.numeric(unlist(a, use.names = FALSE))) + 10 * length(a) + 100 * nchar(text) + 1000 * sum(dim(a))
}

# Functions of an element `v` (numbers, now and then NULL) and of up to two side variables.
bodies <- list(
  twice = function(v, a = 0, b = 0) v * 2 + digest_of(a) %% 7 - digest_of(b) %% 5,
  total = function(v, a = 0, b = 0) sum(v) + digest_of(a) %% 11 + digest_of(b) %% 3,
  ends = function(v, a = 0, b = 0) c(first = if (length(v)) v[[1]] else 0, n = length(v) + digest_of(a) %% 13 + digest_of(b)),
  three = function(v, a = 0, b = 0) rep(sum(v), 3) + 0:2 + digest_of(list(a, b)) %% 9,
  ragged = function(v, a = 0, b = 0) if (length(v) %% 2 == 1) as.list(v) else NULL,
  warner = function(v, a = 0, b = 0) {
    if (length(v) > 2) warning("long")
    rev(v) + digest_of(a)
  }
)
# Which of them give as many numbers for every element, and how many.
widths <- c(total = 1, ends = 2, three = 3)
flat <- function(fun) {
  force(fun)
  function(v, ...) fun(as.numeric(unlist(v)), ...)
}
reducers <- list(plus = function(a, b) sum(as.numeric(unlist(a))) + sum(as.numeric(unlist(b))), join = function(a, b) c(unlist(a), unlist(b)))

# memReduce()'s tree, by its description.
tree <- function(values, f) {
  values <- unname(as.list(values))
  while (length(values) > 1) {
    values <- unname(lapply(split(values, (seq_along(values) - 1) %/% 16), function(block) Reduce(f, block)))
  }
  values[[1]]
}

# The same where a filter left values out, which keep their places.
tree_kept <- function(values, kept, f) {
  slots <- vector("list", length(kept))
  slots[kept] <- lapply(unname(as.list(values)), list)
  while (length(slots) > 1) {
    slots <- unname(lapply(split(slots, (seq_along(slots) - 1) %/% 16), function(block) {
      there <- Filter(length, block)
      if (length(there)) list(Reduce(f, lapply(there, `[[`, 1)))
    }))
  }
  slots[[1]][[1]]
}

# What the filters of programs keep.
is_long <- function(v) length(v) > 1 || length(v) == 1 && sum(as.numeric(unlist(v))) > 0

# What memFilter() takes the value of a node for.
listed <- function(from) if (!is.matrix(from$value)) from$value else if (from$data) as.vector(from$value) else as.list(from$value)

pick <- function(x) x[[sample.int(length(x), 1)]]

random_data <- function() {
  n <- pick(c(1, 2, 3, 5, 8, 20, 40, 300))
  names <- if (runif(1) < 0.5) paste0("n", seq_len(n))
  switch(pick(c("list", "vector", "matrix", "matrix", "long")),
    list = stats::setNames(lapply(seq_len(n), function(i) round(rnorm(sample(0:4, 1)), 3)), names),
    vector = stats::setNames(round(rnorm(n), 3), names),
    long = stats::setNames(lapply(seq_len(n), function(i) round(rnorm(20), 3)), names),
    matrix = {
      rows <- pick(c(1, 2, 4, 17))
      matrix(round(rnorm(rows * n), 3), rows, dimnames = if (runif(1) < 0.5) list(if (runif(1) < 0.5) letters[seq_len(rows)], names))
    }
  )
}

# How a call simplifies, as settings of memControl() and as base R's verbs.
random_finish <- function(body) {
  kinds <- c("list", "list", "list", "simplify", "array")
  if (body %in% names(widths)) kinds <- c(kinds, "value", "value", "value")
  kind <- pick(kinds)
  template <- if (kind == "value") if (body == "ends" && runif(1) < 0.7) c(first = 0, n = 0) else numeric(widths[[body]])
  list(
    kind = kind, control = switch(kind, list = list(), simplify = list(simplify = TRUE), array = list(simplify = "array"), value = list(FUN.VALUE = template)),
    template = template
  )
}

base_lapply <- function(x, fun, finish, vars) {
  call <- function(verb, ...) do.call(verb, c(list(x, fun), vars, list(...)), quote = TRUE)
  switch(finish$kind,
    list = call(lapply), simplify = call(sapply), array = call(sapply, simplify = "array"), value = call(vapply, FUN.VALUE = finish$template)
  )
}

base_apply <- function(x, margin, fun, finish, vars) {
  if (finish$kind %in% c("simplify", "array")) return(do.call(apply, c(list(x, margin, fun), vars), quote = TRUE))
  slices <- lapply(seq_len(dim(x)[[margin]]), function(j) if (margin == 1) x[j, ] else x[, j])
  names(slices) <- dimnames(x)[[margin]]
  base_lapply(slices, fun, finish, vars)
}

# A program: a list of nodes, each with its pass, the value base R gives (unless it or what it reads fails), and its shape.
make_program <- function(size, fails) {
  nodes <- lapply(seq_len(sample(2:3, 1)), function(i) {
    data <- random_data()
    list(lazy = data, value = data, shape = if (is.matrix(data)) "array" else "list", broken = FALSE, data = TRUE, needs = integer())
  })
  bad <- if (fails) sample.int(size, 1) else 0
  for (i in seq_len(size)) nodes[[length(nodes) + 1]] <- random_node(nodes, i == bad)
  nodes
}

random_node <- function(nodes, bad) {
  usable <- which(vapply(nodes, function(node) node$shape != "none", NA))
  weights <- ifelse(vapply(nodes[usable], `[[`, NA, "data"), 1, 3)
  at <- if (length(usable) == 1) usable else sample(usable, 1, prob = weights)
  from <- nodes[[at]]
  body <- pick(names(bodies))
  fun <- flat(bodies[[body]])
  finish <- random_finish(body)
  verb <- pick(c("lapply", "lapply", "lapply", "mapply", "reduce", "do", "outer", "groups", "filter", if (from$shape == "array") rep("apply", 3)))
  if (!is.null(from$kept)) verb <- pick(c("lapply", "lapply", "reduce", "do", "filter"))
  sides <- if (verb %in% c("reduce", "groups", "filter")) integer() else sample(seq_along(nodes), sample(0:2, 1, prob = c(5, 3, 2)))
  labels <- c("a", "b")[seq_along(sides)]
  vars <- stats::setNames(lapply(nodes[sides], `[[`, "lazy"), labels)
  broken <- from$broken || any(vapply(nodes[sides], `[[`, NA, "broken"))
  control <- do.call(control_of, c(list(next_way()), finish$control, list(lazy = TRUE)), quote = TRUE)
  needs <- c(at, sides)
  shape <- switch(finish$kind, list = "list", value = if (length(finish$template) > 1) "array" else "list", "none")
  values <- if (!broken) stats::setNames(lapply(nodes[sides], `[[`, "value"), labels)
  failing <- NULL
  if (bad && !broken && verb %in% c("lapply", "mapply", "apply") && is.null(from$kept) && length(from$value)) {
    whole <- fun
    elements <- if (verb == "apply") NULL else as.list(from$value)
    margin <- sample(1:2, 1)
    if (verb == "apply") elements <- lapply(seq_len(dim(from$value)[[margin]]), function(j) if (margin == 1) from$value[j, ] else from$value[, j])
    if (length(elements)) {
      target <- elements[[sample.int(length(elements), 1)]]
      failing <- which(vapply(elements, identical, NA, target))
      fun <- function(v, ...) if (identical(v, target)) stop("chosen to fail") else whole(v, ...)
    }
  } else {
    margin <- sample(1:2, 1)
  }
  made <- switch(verb,
    lapply = list(
      lazy = memLapply(from$lazy, fun, VARS = vars, CONTROL = control),
      base = function() base_lapply(from$value, fun, finish, values)
    ),
    apply = list(
      lazy = memApply(from$lazy, margin, fun, VARS = vars, CONTROL = control),
      base = function() base_apply(from$value, margin, fun, finish, values)
    ),
    filter = {
      shape <- "list"
      way <- next_way()
      list(
        lazy = memFilter(from$lazy, is_long, CONTROL = control_of(way, lazy = TRUE)),
        base = function() listed(from)[vapply(as.list(from$value), is_long, NA)]
      )
    },
    outer = {
      shape <- "array"
      fun <- flat(bodies$total)
      pair <- function(v, w, ...) fun(v, ...) + w
      list(lazy = memOuter(from$lazy, 1:2, pair, VARS = vars, CONTROL = control), base = function() base_outer(from$value, 1:2, pair, values))
    },
    groups = {
      shape <- "none"
      f <- pick(reducers)
      by <- rep_len(c("b", "a", NA, "b"), elements_of(from))
      simple <- control_of(next_way(), lazy = TRUE)
      list(lazy = memReduce(from$lazy, f, by = by, CONTROL = simple), base = function() {
        tapply(seq_along(by), by, function(at) tree(as.list(from$value)[at], f), simplify = FALSE)
      })
    },
    do = {
      shape <- "none"
      list(lazy = memDo(fun, from$lazy, VARS = vars, CONTROL = control), base = function() do.call(fun, c(list(from$value), values), quote = TRUE))
    },
    mapply = random_mapply(from, fun, finish, vars, values, control),
    reduce = {
      f <- pick(reducers)
      start <- if (runif(1) < 0.5) list(100)
      shape <- "none"
      lazy <- memReduce(from$lazy, f, CONTROL = control)
      if (length(start)) lazy <- memReduce(from$lazy, f, init = start[[1]], CONTROL = control)
      list(lazy = lazy, base = function() {
        if (!is.null(from$kept) && !length(from$value)) return(if (length(start)) start[[1]] else list())
        folded <- if (is.null(from$kept)) tree(from$value, f) else tree_kept(from$value, from$kept, f)
        if (length(start)) f(start[[1]], folded) else folded
      })
    }
  )
  broken <- broken || !is.null(failing)
  # Where a row of FUN.VALUE without names is walked, or nothing is left to walk, the next pass takes something else.
  value <- if (!broken) suppressWarnings(made$base())
  if (!broken && !length(value)) shape <- "none"
  kept <- if (verb %in% c("lapply", "filter")) from$kept
  if (verb == "filter" && broken) kept <- NA
  if (verb == "filter" && !broken) {
    passed <- vapply(as.list(from$value), is_long, NA, USE.NAMES = FALSE)
    if (is.null(kept)) kept <- passed else kept[kept] <- passed
  }
  if (!is.null(kept) && shape == "array") shape <- "none"
  if (shape == "array" && is.null(names(finish$template)) && !is.null(rownames(value))) shape <- "none"
  list(lazy = made$lazy, value = value, shape = shape, broken = broken, failing = failing, data = FALSE, needs = needs, kept = kept)
}

# How many elements a list of a node has.
elements_of <- function(from) {
  if (!is_pass(from$lazy)) return(length(from$value))
  if (from$shape == "array") prod(array_dim(unwrap_pass(from$lazy))) else length(from$lazy)
}

# A matrix for all pairs of columns, or items, and numbers.
base_outer <- function(x, numbers, pair, vars) {
  if (is.matrix(x)) x <- stats::setNames(lapply(seq_len(ncol(x)), function(j) x[, j]), colnames(x))
  out <- unlist(lapply(numbers, function(w) lapply(x, function(v) do.call(pair, c(list(v, w), vars), quote = TRUE))), use.names = FALSE)
  matrix(if (length(out)) out else NA, length(x), length(numbers), dimnames = if (!is.null(names(x))) list(names(x), NULL))
}

# Two collections in step: the node's own, and numbers.
random_mapply <- function(from, fun, finish, vars, values, control) {
  n <- elements_of(from)
  other <- if (runif(1) < 0.3) 7 else seq_len(n)
  both <- function(v, w, ...) fun(v, ...)
  add <- function(v, w, ...) {
    out <- both(v, w, ...)
    if (is.numeric(out)) out + w else out
  }
  list(
    lazy = memMapply(add, from$lazy, w = other, VARS = vars, CONTROL = control),
    base = function() {
      plain <- do.call(mapply, list(add, from$value, w = other, MoreArgs = values, SIMPLIFY = FALSE), quote = TRUE)
      switch(finish$kind,
        list = plain, simplify = sapply(plain, identity), array = sapply(plain, identity, simplify = "array"),
        value = vapply(plain, identity, finish$template)
      )
    }
  )
}

ancestors <- function(nodes, at) {
  seen <- integer()
  while (length(at)) {
    seen <- union(seen, at)
    at <- setdiff(unlist(lapply(nodes[at], `[[`, "needs")), seen)
  }
  seen
}

compare <- function(seed) {
  set.seed(seed)
  nodes <- make_program(sample(1:12, 1), runif(1) < 0.25)
  passes <- which(!vapply(nodes, `[[`, NA, "data"))
  roots <- sort(unique(c(length(nodes), passes[sample.int(length(passes), min(length(passes), sample(0:2, 1)))])))
  named <- stats::setNames(lapply(nodes[roots], `[[`, "lazy"), paste0("root", roots))
  workers <- pick(worker_counts())
  needed <- ancestors(nodes, roots)
  failing <- Filter(function(i) !is.null(nodes[[i]]$failing), needed)
  what <- paste("seed", seed)
  run <- function() {
    if (runif(1) < 0.5) return(suppressWarnings(do.call(memRun, c(named, list(MAX.CORES = workers)), quote = TRUE)))
    plan <- do.call(memPlan, c(named, list(MAX.CORES = workers)), quote = TRUE)
    first <- suppressWarnings(memRun(plan))
    expect_identical(suppressWarnings(memRun(plan)), first, info = paste(what, "again"))
    first
  }
  if (length(failing)) {
    error <- tryCatch(run(), error = identity)
    expect_s3_class(error, "memshare_error_element")
    expect_true(error$index %in% nodes[[failing]]$failing, info = what)
    expect_match(conditionMessage(error), "chosen to fail", info = what)
    return(invisible())
  }
  values <- run()
  if (length(roots) == 1) values <- list(values)
  for (k in seq_along(roots)) expect_identical(values[[k]], nodes[[roots[[k]]]]$value, info = paste(what, "node", roots[[k]]))
}

test_that("random programs give what base R gives", {
  old <- globalenv()$.Random.seed
  on.exit(if (!is.null(old)) assign(".Random.seed", old, envir = globalenv()))
  memLapply(1, identity)
  before <- segments()
  for (seed in 1:60) compare(seed)
  expect_identical(left_over(before), character())
})

test_that("the interpreter of specs agrees", {
  old <- globalenv()$.Random.seed
  on.exit(if (!is.null(old)) assign(".Random.seed", old, envir = globalenv()))
  fake_native()
  for (seed in 1:60) compare(seed)
})
