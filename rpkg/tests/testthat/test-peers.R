# What the C++ package of the same API does wrong (memshare 1.1.0), line by line, with the right behaviour.

# --- Wrong results, silently ---------------------------------------------------------------------------------------------

test_that("MARGIN = 1 goes over rows, whatever the shape", {
  tall <- matrix(as.double(1:18), 6)
  wide <- matrix(as.double(1:18), 3)
  expect_identical(memApply(tall, 1, sum), as.list(rowSums(tall)))
  expect_identical(memApply(wide, 1, sum), as.list(rowSums(wide)))
  expect_length(memApply(tall, 2, sum), 3)
  expect_length(memApply(wide, 2, sum), 6)
})

test_that("after FUN failed once, the same call with new data uses the new data", {
  f <- function(v, y) if (y == 1) stop("first time") else sum(v) * y
  expect_error(memApply(matrix(1, 2, 2), 1, f, NAMESPACE = "again", VARS = list(y = 1)), class = "memshare_error_element")
  expect_identical(memApply(matrix(5, 2, 2), 1, f, NAMESPACE = "again", VARS = list(y = 2)), list(20, 20))
})

test_that("errors are errors and never NA", {
  expect_error(memApply(matrix(1:4, 2), 1, function(v) stop("mine")), "mine", class = "memshare_error_element")
  expect_error(memLapply(1:2, function(v) undefined_function_of_nobody(v)), "could not find function", class = "memshare_error_element")
  local_variables("clash", list(a = 1))
  expect_error(registerVariables("clash", list(a = 2)), "was already registered", class = "memshare_error_already_registered")
  expect_identical(retrieveViews("clash", "a")$a, 1)
})

test_that("names, dimnames, class, levels and time zones survive, character VARS too", {
  x <- list(
    named = c(a = 1, b = 2), factor = factor(c("u", "v"), levels = c("v", "u")), date = as.Date("2024-01-01"),
    time = as.POSIXct(0, origin = "1970-01-01", tz = "Asia/Tokyo"), frame = data.frame(p = 1:2, q = c("a", NA)),
    matrix = matrix(1:4, 2, dimnames = list(r = c("x", "y"), NULL))
  )
  expect_identical(memLapply(x, identity), x)
  expect_identical(memLapply(1:2, function(v, words) words[v], VARS = list(words = c("one", NA))), list("one", NA_character_))
  expect_identical(names(memApply(x$matrix, 1, sum)), c("x", "y"))
  local_variables("kept", x)
  expect_identical(retrieveViews("kept", names(x)), x)
})

test_that("the caller's random numbers stay where they are", {
  set.seed(1)
  before <- .Random.seed
  x <- 1:4
  memLapply(x, function(v) rnorm(1))
  memApply(matrix(1:4, 2), 1, function(v) runif(1), CONTROL = memControl(seed = 2))
  registerVariables("seed", list(x = 1))
  memshare_gc("seed")
  expect_identical(.Random.seed, before)
})

# --- Crashes ---------------------------------------------------------------------------------------------------------------

test_that("a view can be read after its release, and after its variable's", {
  x <- matrix(rnorm(1e4), 100)
  registerVariables("after", list(x = x))
  view <- retrieveViews("after", "x")$x
  releaseViews("after", "x")
  expect_identical(view[3, 5], x[3, 5])
  releaseVariables("after", "x")
  expect_identical(view, x)
})

test_that("a view can be written, and nobody else sees it", {
  x <- as.double(1:1000)
  local_variables("write", list(x = x))
  view <- retrieveViews("write", "x")$x
  other <- retrieveViews("write", "x")$x
  view[1] <- -1
  expect_identical(view[1], -1)
  expect_identical(other, x)
  expect_identical(memLapply(1, function(v, x) {
    x[2] <- -2
    x[1:3]
  }, NAMESPACE = "write", VARS = "x"), list(c(1, -2, 3)))
  expect_identical(retrieveViews("write", "x")$x, x)
})

test_that("FUN may return its element, or a shared variable", {
  x <- lapply(1:5, function(i) rnorm(5000))
  expect_identical(memLapply(x, function(v) v), x)
  expect_identical(memLapply(x, function(v, y) y, VARS = list(y = x[[1]])), rep(x[1], 5))
  m <- matrix(rnorm(20000), 5000)
  expect_identical(memApply(m, 2, identity, CONTROL = memControl(simplify = TRUE)), m)
})

test_that("memApply by name leaves the caller's own view alone", {
  x <- matrix(rnorm(1e4), 100)
  local_variables("own", list(M = x))
  view <- retrieveViews("own", "M")$M
  expect_identical(memApply("M", 2, sum, NAMESPACE = "own"), as.list(colSums(x)))
  expect_identical(viewList(), "own.M")
  expect_identical(view, x)
})

test_that("memApply by name does not leave a view behind", {
  local_variables("noview", list(M = matrix(1:4, 2, dimnames = list(NULL, c("a", "b")))))
  memApply("M", 2, sum, NAMESPACE = "noview")
  expect_false("noview.M" %in% viewList())
})

test_that("more memory than there is gives an error that says how much", {
  limited <- memControl(memory = 10)
  expect_error(memLapply(list(numeric(100)), sum, CONTROL = limited), "bytes", class = "memshare_error_memory_limit")
  expect_identical(memLapply(list(numeric(100)), sum), list(0))
})

# --- Leaks, clashes, security ------------------------------------------------------------------------------------------------

test_that("registration is atomic", {
  local_variables("atomic", list(b = 1))
  expect_error(registerVariables("atomic", list(a = 1, b = 2, c = 3)), "was already registered", class = "memshare_error_already_registered")
  expect_identical(grep("^atomic[.]", pageList(), value = TRUE), "atomic.b")
  expect_error(retrieveViews("atomic", "a"), "not previously allocated", class = "memshare_error_not_allocated")
})

test_that("releasing is atomic", {
  local_variables("atomic2", list(a = 1))
  expect_error(releaseVariables("atomic2", c("a", "nobody")), "not previously allocated")
  expect_identical(retrieveViews("atomic2", "a")$a, 1)
})

test_that("no descriptor stays open for a variable that was released", {
  skip_if_not(dir.exists("/proc/self/fd"))
  count <- function() length(list.files("/proc/self/fd"))
  memLapply(1:2, identity)
  gc()
  before <- count()
  for (i in 1:100) {
    registerVariables("fd", list(x = 1, y = numeric(5000)))
    views <- retrieveViews("fd", c("x", "y"))
    releaseViews("fd", c("x", "y"))
    releaseVariables("fd", c("x", "y"))
  }
  rm(views)
  gc()
  expect_lte(count(), before + 1)
})

test_that("segments are for their user alone", {
  skip_if_not(dir.exists("/dev/shm"))
  local_variables("mode", list(x = numeric(1000)))
  modes <- file.mode(file.path("/dev/shm", segments()))
  expect_true(all(as.character(modes) == "600"))
})

test_that("a dot in a name does not make two variables one", {
  local_variables("a.b", list(c = "first"))
  local_variables("a", list(b.c = "second"))
  expect_identical(retrieveViews("a.b", "c")$c, "first")
  expect_identical(retrieveViews("a", "b.c")$b.c, "second")
  memshare_gc("a")
  expect_identical(retrieveViews("a.b", "c")$c, "first")
})

test_that("two sessions with the default namespace do not collide", {
  code <- "cat(unlist(memLapply(1:50, function(v) { Sys.sleep(0.01); v }, MAX.CORES = 1)), '\\n')"
  files <- c(tempfile(), tempfile())
  for (file in files) {
    script <- tempfile(fileext = ".R")
    writeLines(c(paste0(".libPaths(", paste(deparse(.libPaths()), collapse = ""), ")"), "library(memshare)", code), script)
    system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", script), stdout = file, stderr = file, wait = FALSE)
  }
  expect_identical(memLapply(1:50, function(v) {
    Sys.sleep(0.01)
    v
  }, MAX.CORES = 1), as.list(1:50))
  for (file in files) {
    for (wait in 1:200) if (length(grep("50 $", readLines(file)))) break else Sys.sleep(0.1)
    expect_identical(readLines(file), paste0(paste(1:50, collapse = " "), " "))
  }
})

# --- Limits ------------------------------------------------------------------------------------------------------------------

test_that("all types, primitives, and multi-line lambdas without a namespace", {
  for (x in list(1:3, c(TRUE, NA), c("a", "b"), as.raw(1:2), 1i)) expect_identical(memLapply(list(x), rev), list(rev(x)))
  expect_identical(memLapply(list(1:3), sum), list(6L))
  expect_identical(memApply(matrix(1:4, 2), 2, function(v) {
    a <- v[1]
    b <- v[2]
    a * b
  }), list(2L, 12L))
})

test_that("serializing a view writes its data in full", {
  x <- structure(rnorm(1000), names = paste0("n", 1:1000))
  file <- tempfile()
  registerVariables("save", list(x = x))
  view <- retrieveViews("save", "x")$x
  saveRDS(view, file)
  rm(view)
  memshare_gc("save")
  out <- tempfile()
  run_r(sprintf("saveRDS(identical(readRDS('%s'), readRDS('%s')) , '%s')", file, file, out))
  expect_identical(readRDS(file), x)
  expect_true(readRDS(out))
})

# --- Calls of packages that use the same API -------------------------------------------------------------------------------

test_that("a naive Bayes classifier's calls: features on a cluster, classes and priors as variables, then everything given back", {
  cluster <- parallel::makePSOCKcluster(2L)
  withr_defer(parallel::stopCluster(cluster), environment())
  X <- matrix(sin(1:600), 100, dimnames = list(NULL, paste0("feature", 1:6)))
  Cls <- rep(c(1, 2, 2, 3), 25)
  Priors <- c(0.25, 0.5, 0.25)
  likelihoods <- function(x, Cls, Priors, Plausible, ...) {
    out <- vapply(sort(unique(Cls)), function(class) {
      of_class <- x[Cls == class]
      Priors[[class]] * stats::dnorm(x, mean(of_class), stats::sd(of_class))
    }, numeric(length(x)))
    if (Plausible) out / rowSums(out) else out
  }
  expected <- lapply(stats::setNames(nm = colnames(X)), function(name) likelihoods(X[, name], Cls, Priors, TRUE))
  ours <- memApply(
    X, MARGIN = 2, FUN = likelihoods, NAMESPACE = "bayes", CLUSTER = cluster, VARS = list(Cls = Cls, Priors = Priors), Plausible = TRUE
  )
  expect_identical(ours, expected)
  memshare_gc(namespace = "bayes", cluster = cluster)
  expect_identical(grep("^bayes", c(pageList(), unlist(viewList())), value = TRUE), character())
  # The same with what was registered before, by names.
  registerVariables("bayes", list(X = X, Cls = Cls, Priors = Priors))
  ours <- memApply("X", MARGIN = 2, FUN = likelihoods, NAMESPACE = "bayes", CLUSTER = cluster, VARS = c("Cls", "Priors"), Plausible = TRUE)
  expect_identical(ours, expected)
  memshare_gc(namespace = "bayes", cluster = cluster)
  expect_identical(grep("^bayes", c(pageList(), unlist(viewList())), value = TRUE), character())
  # The cluster is as it was.
  expect_identical(parallel::clusterCall(cluster, function() 1), list(1, 1))
})

test_that("mutual information with a class, feature by feature, as in the article on the C++ package", {
  X <- cbind(a = sin(1:60), b = cos(1:60), c = (1:60) / 60)
  X[4, 2] <- NA
  y <- rep(1:3, 20)
  score <- function(x, y) mutualinfo(x, y, isYDiscrete = TRUE, na.rm = TRUE, useMPMI = FALSE)
  ours <- memApply(X, 2, score, NAMESPACE = "article", VARS = list(y = y), MAX.CORES = 2)
  expect_identical(ours, lapply(stats::setNames(nm = colnames(X)), function(name) score(X[, name], y)))
  memshare_gc("article")
})
