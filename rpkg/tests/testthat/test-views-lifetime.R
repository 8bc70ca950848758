# How long views and pages live, and who may read them.

mappings <- function() {
  skip_if_not(file.exists("/proc/self/maps"))
  sum(grepl("memshare-", readLines("/proc/self/maps"), fixed = TRUE))
}
descriptors <- function() length(list.files("/proc/self/fd"))

test_that("a view outlives its variable and its claim, and the memory goes with it", {
  gc()
  before <- mappings()
  registerVariables("life", list(x = as.numeric(1:1e5)))
  v <- retrieveViews("life", "x")$x
  expect_identical(mappings(), before + 1L)
  releaseVariables("life", "x")
  releaseViews("life", "x")
  expect_identical(sum(v), sum(as.numeric(1:1e5)))
  expect_identical(sum(v[99999:100000]), 199999)
  expect_error(retrieveViews("life", "x"), class = "memshare_error_not_allocated")
  rm(v)
  gc()
  expect_identical(mappings(), before)
})

test_that("an item of a list keeps the page", {
  registerVariables("life", list(l = list(a = 1, b = list(big = as.numeric(1:1e5), s = as.character(1:1e4)))))
  big <- retrieveViews("life", "l")$l$b
  releaseViews("life", "l")
  releaseVariables("life", "l")
  gc()
  expect_identical(big$big[1e5], 1e5)
  text <- big$s[9999:10000]
  rm(big)
  gc()
  expect_identical(text, c("9999", "10000"))
})

test_that("register, retrieve and release leave no descriptor and no mapping", {
  gc()
  before <- c(descriptors(), mappings())
  for (i in 1:200) {
    registerVariables("life", list(x = as.numeric(1:1000), y = letters))
    views <- retrieveViews("life", c("x", "y"))
    releaseViews("life", c("x", "y"))
    releaseVariables("life", c("x", "y"))
  }
  rm(views)
  gc()
  expect_lte(descriptors(), before[[1L]])
  expect_lte(mappings(), before[[2L]])
})

test_that("registration is of all or of none", {
  registerVariables("life", list(b = 1))
  on.exit(releaseVariables("life", "b"))
  expect_error(registerVariables("life", list(a = 1, b = 2, c = 3)), "was already registered", class = "memshare_error_already_registered")
  expect_identical(pageList(), "life.b")
  expect_identical(retrieveViews("life", "b")$b, 1)
  releaseViews("life", "b")
})

test_that("release is of all or of none", {
  registerVariables("life", list(a = 1, b = 2))
  on.exit(releaseVariables("life", c("a", "b")))
  expect_error(releaseVariables("life", c("a", "zz")), "not previously allocated", class = "memshare_error_not_allocated")
  expect_setequal(pageList(), c("life.a", "life.b"))
  retrieveViews("life", "a")
  expect_error(releaseViews("life", c("a", "b")), "not previously allocated", class = "memshare_error_not_allocated")
  expect_identical(viewList(), "life.a")
  releaseViews("life", "a")
  expect_identical(viewList(), character())
})

test_that("calls that look at registered variables leave the list of views as it is", {
  registerVariables("life", list(L = as.list(1:4), m = matrix(1:6 + 0, 2), w = 2))
  on.exit(releaseVariables("life", c("L", "m", "w")))
  directory <- tempfile()
  on.exit(unlink(directory, recursive = TRUE), add = TRUE)
  retrieveViews("life", "w")
  for (control in list(memControl(), memControl(checkpoint = directory))) {
    expect_identical(memLapply("L", function(el, w) el * w, NAMESPACE = "life", VARS = "w", CONTROL = control), as.list(2 * 1:4))
  }
  expect_identical(memApply("m", 2, sum, NAMESPACE = "life"), list(3, 7, 11))
  expect_identical(viewList(), "life.w")
  releaseViews("life", "w")
})

test_that("names that look alike are told apart", {
  registerVariables("a.b", list(c = 1))
  registerVariables("a", list(b.c = 2))
  expect_identical(retrieveViews("a.b", "c")$c, 1)
  expect_identical(retrieveViews("a", "b.c")$b.c, 2)
  releaseViews("a.b", "c")
  releaseViews("a", "b.c")
  releaseVariables("a.b", "c")
  releaseVariables("a", "b.c")
})

test_that("another session reads by name, and cannot release", {
  skip_on_cran()
  x <- matrix(as.numeric(1:1e5), 100L, dimnames = list(NULL, paste0("c", 1:1000)))
  registerVariables("life", list(x = x))
  on.exit(releaseVariables("life", "x"))
  out <- run_r(c(
    'v <- retrieveViews("life", "x")$x',
    "v[1] <- -1",
    "cat(sum(v), tail(colnames(v), 1), length(pageList()), viewList(), '\\n')",
    'cat(class(tryCatch(releaseVariables("life", "x"), error = identity))[1], "\\n")',
    'cat(class(tryCatch(registerVariables("life", list(x = 1)), error = identity))[1], "\\n")'
  ))
  expect_identical(trimws(tail(out, 3L)), c(
    paste(sum(x) - 2, "c1000 0 life.x"), "memshare_error_not_owner", "memshare_error_already_registered"
  ))
  expect_identical(retrieveViews("life", "x")$x, x)
  releaseViews("life", "x")
})

test_that("a session that ends takes its variables with it", {
  skip_on_cran()
  # Other sessions may come and go meanwhile: the child says which segments are its own.
  code <- c(
    "before <- list.files('/dev/shm', pattern = '^memshare-')",
    'registerVariables("gone", list(x = as.numeric(1:1e5)))',
    "cat(setdiff(list.files('/dev/shm', pattern = '^memshare-'), before), sep = '\n')"
  )
  made <- grep("^memshare-", run_r(code), value = TRUE)
  expect_gte(length(made), 2L)
  expect_identical(intersect(made, segments()), character())

  made <- grep("^memshare-", run_r(c(code, "tools::pskill(Sys.getpid(), tools::SIGKILL)")), value = TRUE)
  expect_gte(length(made), 2L)
  expect_error(retrieveViews("gone", "x"), class = "memshare_error_not_allocated")
  ms_prune()
  expect_identical(intersect(made, segments()), character())
})

test_that("a forked child reads, registers its own, and harms nothing of its parent's", {
  skip_on_os("windows")
  x <- as.numeric(1:1e5)
  registerVariables("life", list(x = x))
  on.exit(releaseVariables("life", "x"))
  v <- retrieveViews("life", "x")$x
  releaseViews("life", "x")
  got <- parallel::mclapply(1:2, function(i) {
    registerVariables("life", stats::setNames(list(i), paste0("child", i)))
    c(sum(v), sum(retrieveViews("life", "x")$x), retrieveViews("life", paste0("child", i))[[1L]])
  }, mc.cores = 2L)
  expect_identical(got, list(c(sum(x), sum(x), 1), c(sum(x), sum(x), 2)))
  expect_identical(retrieveViews("life", "x")$x, x)
  releaseViews("life", "x")
  ms_prune()
  expect_identical(pageList(), "life.x")
})

test_that("a damaged segment is an error", {
  skip_if_not(dir.exists("/dev/shm"))
  before <- segments()
  registerVariables("life", list(x = as.list(1:100)))
  on.exit(releaseVariables("life", "x"))
  file <- file.path("/dev/shm", setdiff(segments(), before))
  file <- file[which.max(file.size(file))]
  damage <- function(at, bytes) {
    connection <- file(file, "r+b")
    seek(connection, at, rw = "write")
    writeBin(as.raw(bytes), connection)
    close(connection)
  }
  damage(4096 + 64, 77)
  expect_error(retrieveViews("life", "x"), class = "memshare_error_damaged")
  damage(4096 + 64, 7)
  damage(4096 + 64 + 16, rep(255, 8))
  expect_error(retrieveViews("life", "x"), class = "memshare_error_damaged")
  damage(0, rep(0, 64))
  expect_error(retrieveViews("life", "x"), class = "memshare_error")
})

test_that("names that cannot be used are refused", {
  bad <- "\xff\xfe"
  Encoding(bad) <- "UTF-8"
  for (namespace in list(1, character(), c("a", "b"), NA_character_, "", bad)) {
    expect_error(registerVariables(namespace, list(x = 1)), class = "memshare_error_input")
    expect_error(retrieveViews(namespace, "x"), class = "memshare_error_input")
  }
  expect_error(registerVariables("life", list(1)), class = "memshare_error_input")
  expect_error(registerVariables("life", list(x = 1, x = 2)), class = "memshare_error_input")
  expect_error(registerVariables("life", stats::setNames(list(1), bad)), class = "memshare_error_input")
  latin <- iconv("\u00fc", "UTF-8", "latin1")
  registerVariables(latin, stats::setNames(list(5), latin))
  expect_identical(retrieveViews("\u00fc", "\u00fc")[[1L]], 5)
  releaseViews("\u00fc", "\u00fc")
  releaseVariables("\u00fc", "\u00fc")
})

test_that("what FUN keeps of an earlier pass stays as it was while a later pass reads that to its end", {
  pass <- function(X, FUN, ...) {
    memLapply(X, FUN, VARS = list(...), MAX.CORES = 2, CONTROL = memControl(lazy = TRUE))
  }
  a <- pass(1:40, function(v) rep(v + 0, 20000))

  b <- pass(1:40, function(v, a) assign("kept_whole", a, globalenv()), a = a)
  after <- pass(a, function(v, b) {
    kept <- get0("kept_whole", globalenv())
    if (is.null(kept)) NA else vapply(kept, function(element) element[10000], 0)
  }, b = pass(b, function(v) NULL))
  # One worker may have had all of b, and the other all that comes after.
  for (attempt in 1:10) {
    seen <- Filter(Negate(anyNA), memRun(after))
    if (length(seen)) break
  }
  expect_gt(length(seen), 0)
  expect_identical(unique(seen), list(as.numeric(1:40)))

  count <- pass(1:2, function(v, a) 1, a = pass(a, function(v) v[1]))
  b <- pass(a, function(v, count) assign("kept_element", c(get0("kept_element", globalenv()), list(v)), globalenv()), count = count)
  after <- pass(a, function(v, b) {
    kept <- get0("kept_element", globalenv())
    vapply(kept, function(element) element[10000] == element[1] && element[1] > 0, NA)
  }, b = pass(b, function(v) NULL))
  for (attempt in 1:10) {
    seen <- unlist(memRun(after))
    if (length(seen)) break
  }
  expect_gt(length(seen), 0)
  expect_true(all(seen))
})
