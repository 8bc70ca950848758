# The pictures: what they are made of, and that they can be drawn on any device.

lazy <- memControl(lazy = TRUE)

# Draws on a device of so many inches, and gives the device's file size: an empty picture is small.
drawn <- function(draw, width = 7, height = 5) {
  file <- tempfile(fileext = ".pdf")
  grDevices::pdf(file, width, height)
  on.exit(grDevices::dev.off())
  before <- graphics::par(c("mar", "mfrow", "las", "xpd"))
  value <- draw()
  expect_identical(graphics::par(c("mar", "mfrow", "las", "xpd")), before)
  value
}

test_that("plans and runs can be drawn on large and on tiny devices", {
  for (name in c("diamond-plan", "diamond", "straggler", "hosts")) {
    x <- fixture(name)
    for (size in list(c(7, 5), c(3, 2), c(1, 0.7), c(0.4, 0.3), c(20, 3))) {
      expect_identical(drawn(function() plot(x), size[[1L]], size[[2L]]), x, label = paste(name, size[[1L]]))
    }
  }
})

test_that("a timeline has every chunk, the death, the lost chunk and the longest element", {
  shown <- timeline_of(document_of(fixture("straggler")))
  expect_identical(sum(shown$done$count), 38)
  expect_identical(shown$odd$state, "lost")
  expect_identical(shown$deaths$worker, 2)
  expect_identical(shown$slow$label, "element 1801 ('TP53'), 2 s")
  expect_equal(shown$slow$from, 0.295)
  expect_identical(shown$lives$name, c("X", "z"))
  expect_equal(max(shown$memory$bytes), fixture("straggler")$peak, tolerance = 1e-3)
})

test_that("chunks that nobody can tell apart are merged, and cover the same time", {
  n <- 1e5
  from <- rep(seq_len(n / 4) / (n / 4), each = 4L)
  table <- data.frame(worker = rep(1:4, n / 4), stage = 1, state = "done", from = from, to = from + 3e-5, fun = 1e-5, count = 1)
  time <- system.time(small <- merged(table, 1 / 1500))[["elapsed"]]
  expect_lt(time, 1)
  expect_identical(nrow(small), 4L)
  expect_identical(sum(small$count), n)
  expect_equal(sum(small$fun), n * 1e-5)
  expect_identical(c(min(small$from), max(small$to)), c(min(table$from), max(table$to)))
  turns <- table
  turns$stage <- rep(1:2, each = 4L)
  few <- merged(turns, 1 / 1500)
  expect_lte(nrow(few), 4 * 1501)
  expect_identical(sum(few$count), n)
  gap <- table[c(1, 5, 4001, 4005), ]
  gap$worker <- 1
  expect_identical(merged(gap, 1e-3)$count, c(2, 2))
  long <- data.frame(worker = 1, stage = 1, state = "done", from = c(0, 0.5), to = c(0.5, 1), fun = 0.5, count = 1)
  expect_identical(nrow(merged(long, 1e-3)), 2L)
})

test_that("a plan's boxes never overlap, and lines have their own place", {
  layout <- plan_layout(document_of(fixture("diamond-plan")), 10L)
  expect_identical(layout$kind, "graph")
  nodes <- layout$nodes
  expect_setequal(nodes$label, c("mu + s", "z", "X", "mu", "s", "z"))
  for (column in unique(nodes$column)) {
    y <- sort(nodes$y[nodes$column == column])
    expect_true(all(diff(y) >= 0.999))
  }
  # X goes past mu and s to z.
  ends <- vapply(layout$edges, nrow, 0L)
  long <- layout$edges[[which.max(ends)]]
  for (i in seq_len(nrow(long))[-c(1L, nrow(long))]) {
    expect_true(all(abs(nodes$y[nodes$x == long$x[[i]]] - long$y[[i]]) > 0.5))
  }
  expect_true(all(vapply(layout$edges, function(edge) all(diff(edge$x) > 0), NA)))
  path <- layout$edges[layout$edge_path]
  expect_gt(length(path), 0L)
  expect_identical(nodes$wanted[nodes$kind == "resource"], c(FALSE, FALSE, TRUE, TRUE))
})

test_that("big plans are grouped by step, and those of very many steps become bars", {
  passes <- lapply(1:30, function(k) memLapply(1:(k + 1), function(i) i, CONTROL = lazy))
  two <- lapply(1:30, function(k) memLapply(1:(k + 1), function(i, a) i, VARS = list(a = passes[[k]]), CONTROL = lazy))
  plan <- do.call(memPlan, c(two, MAX.CORES = 2))
  layout <- plan_layout(document_of(plan), 10L)
  expect_identical(layout$kind, "groups")
  groups <- layout$nodes[layout$nodes$kind == "task", ]
  expect_identical(groups$label, c("30 stages", "30 stages"))
  expect_identical(groups$detail[[1L]], "30 passes\n495 elements")
  drawn(function() plot(plan))
  chain <- list(memLapply(1:2, function(i) i, CONTROL = lazy))
  for (k in 2:40) chain[[k]] <- memLapply(1:2, function(i, a) i, VARS = list(a = chain[[k - 1L]]), CONTROL = lazy)
  plan <- memPlan(chain[[40L]], MAX.CORES = 2)
  layout <- plan_layout(document_of(plan), 10L)
  expect_identical(layout$kind, "bars")
  expect_identical(sum(layout$bars$stages * (layout$bars$to - layout$bars$from)), 40)
  expect_true(all(layout$bars$path))
  drawn(function() plot(plan))
  drawn(function() plot(plan), 1, 1)
})

test_that("bytes by step are what lives in them", {
  bytes <- bytes_by_step(document_of(fixture("diamond-plan")))
  expect_identical(bytes$bytes, c(32000, 48000, 32000))
})

test_that("ggplot2 draws the same", {
  skip_if_not_installed("ggplot2")
  for (name in c("diamond", "straggler", "hosts")) {
    built <- ggplot2::ggplot_build(ggplot2::autoplot(fixture(name)))
    expect_gt(length(built$data), 3L)
    # Lanes, then chunks.
    expect_identical(nrow(built$data[[2L]]), nrow(timeline_of(document_of(fixture(name)))$done))
  }
  built <- ggplot2::ggplot_build(ggplot2::autoplot(fixture("diamond-plan")))
  expect_identical(nrow(built$data[[2L]]), nrow(plan_layout(document_of(fixture("diamond-plan")), 12L)$nodes))
})
