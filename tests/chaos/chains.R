# Steps of several passes, and what they are compared with; the rest is in programs.R.

# memReduce()'s tree in plain R.
tree <- function(x, f) {
  while (length(x) > 1) x <- lapply(unname(split(x, (seq_along(x) - 1) %/% 16)), function(block) Reduce(f, block))
  x[[1]]
}

# Four passes in two stages: a fold, an intermediate that both read, side variables. `run` is how the plan is run.
chain_step <- function(what, traits, run) {
  n <- sample(20:200, 1L)
  x <- matrix(rnorm(50 * n), 50, dimnames = list(NULL, paste0("c", seq_len(n))))
  x[1, ] <- seq_len(n)
  way <- drawn_way(n)
  columns <- lapply(seq_len(n), function(j) x[, j] * 2)
  total <- tree(columns, `+`)
  score <- stats::setNames(vapply(columns, function(v) sum((v - total / n)^2), 0), colnames(x))
  step(paste(what, "of a chain with a fold"), c("touch", "own", traits), n, way, list(score = score, total = total), function(hooks) {
    touch <- hooks$touch
    seconds <- way$seconds
    lazy <- function(...) control_of(way, hooks, lazy = TRUE, ...)
    doubled <- memApply(x, 2, function(v) {
      touch(v[[1]])
      spin(seconds)
      v * 2
    }, CONTROL = lazy())
    total <- memReduce(doubled, `+`, CONTROL = lazy())
    centred <- memLapply(doubled, function(v, total) v - total / n, VARS = list(total = total), CONTROL = lazy())
    score <- memLapply(centred, function(v) sum(v^2), CONTROL = lazy(simplify = TRUE))
    run(memPlan(score = score, total = total, MAX.CORES = way$cores), hooks)
  })
}

run_twice <- function(plan, hooks) {
  first <- memRun(plan)
  hooks$ran()
  if (identical(memRun(plan), first)) first else list("the second run gave something else")
}

run_behind <- function(plan, hooks) {
  run <- memRun(plan, wait = FALSE)
  hooks$between(run)
  collect(run)
}

# Two runs at once, collected the other way round.
run_both <- function(plan, hooks) {
  one <- memRun(plan, wait = FALSE)
  two <- memRun(plan, wait = FALSE)
  hooks$between(two)
  second <- collect(two)
  first <- collect(one)
  if (identical(first, second)) first else list("the second run gave something else")
}
