# What R does to a vector, done to a view of each class: the result must be that of the plain vector, and the page unharmed.

n <- 5000L
examples <- list(
  logical = rep_len(c(TRUE, FALSE, NA), n),
  integer = c(NA, rev(seq_len(n - 1L))),
  double = c(NA, NaN, Inf, -0, seq(-3, 3, length.out = n - 4L)),
  complex = complex(real = seq_len(n), imaginary = c(NA, rep_len(1:7, n - 1L))),
  raw = as.raw(seq_len(n) %% 256L),
  character = c(NA, "", "\u00e9t\u00e9", paste0("string ", seq_len(n - 3L)))
)

view_of <- function(x) {
  namespace <- paste0("battery-", paste(sample(letters, 12L, TRUE), collapse = ""))
  registerVariables(namespace, list(x = x))
  view <- retrieveViews(namespace, "x")$x
  releaseViews(namespace, "x")
  releaseVariables(namespace, "x")
  view
}

for (type in names(examples)) {
  x <- examples[[type]]
  plain <- function() c(x)

  test_that(paste(type, "is a view, and equal"), {
    v <- view_of(x)
    expect_true(ms_is_view(v))
    expect_identical(typeof(v), typeof(x))
    expect_identical(length(v), length(x))
    expect_identical(v, x)
    expect_false(ms_is_view(x))
  })

  test_that(paste(type, "subsets as a plain vector"), {
    v <- view_of(x)
    expect_identical(v[1:3], x[1:3])
    expect_identical(v[-1L], x[-1L])
    expect_identical(v[c(2, n + 5)], x[c(2, n + 5)])
    expect_identical(v[x == x[5L]], x[x == x[5L]])
    expect_identical(v[[n]], x[[n]])
    expect_identical(head(v, 0L), x[0L])
    expect_error(v[[n + 1L]], "subscript out of bounds")
  })

  test_that(paste(type, "coerces as a plain vector"), {
    v <- view_of(x)
    expect_identical(as.character(v), as.character(x))
    expect_identical(as.list(v), as.list(x))
    expect_identical(as.vector(v), x)
    expect_identical(is.na(v), is.na(x))
    if (type != "character") {
      expect_identical(suppressWarnings(as.numeric(v)), suppressWarnings(as.numeric(x)))
    }
    expect_identical(c(v, v), c(x, x))
    expect_identical(rev(v), rev(x))
    expect_identical(rep(v, 2L), rep(x, 2L))
    expect_identical(unique(v), unique(x))
    expect_identical(match(v[7:9], v), match(x[7:9], x))
    expect_identical(paste(v), paste(x))
    expect_identical(format(v[1:5]), format(x[1:5]))
  })

  if (type %in% c("logical", "integer", "double")) {
    test_that(paste(type, "sums to the same value of the same type"), {
      v <- view_of(x)
      for (f in list(sum, min, max, range, mean, prod)) {
        expect_identical(f(v), f(x))
        expect_identical(f(v, na.rm = TRUE), f(x, na.rm = TRUE))
      }
      expect_identical(order(v), order(x))
      expect_identical(sort(v), sort(x))
      expect_identical(cumsum(v), cumsum(x))
      expect_identical(v + 1L, x + 1L)
      expect_identical(matrix(v, 50L) %*% matrix(1, 100L), matrix(x, 50L) %*% matrix(1, 100L))
    })
  }
  if (type == "character") {
    test_that("character sorts, searches and splits as a plain vector", {
      v <- view_of(x)
      expect_identical(sort(v), sort(x))
      expect_identical(order(v), order(x))
      expect_identical(nchar(v), nchar(x))
      expect_identical(grepl("9", v), grepl("9", x))
      expect_identical(factor(v), factor(x))
      expect_identical(Encoding(v[3L]), Encoding(x[3L]))
    })
  }

  test_that(paste(type, "is written in full by serialize and saveRDS"), {
    v <- view_of(x)
    bytes <- serialize(v, NULL)
    file <- tempfile(fileext = ".rds")
    saveRDS(list(v, v), file)
    rm(v)
    gc()
    expect_identical(unserialize(bytes), x)
    expect_false(ms_is_view(unserialize(bytes)))
    expect_identical(readRDS(file), list(x, x))
    unlink(file)
  })

  test_that(paste(type, "can be changed without harm to the page"), {
    registerVariables("battery-write", list(x = x))
    on.exit(releaseVariables("battery-write", "x"))
    v <- retrieveViews("battery-write", "x")$x
    other <- retrieveViews("battery-write", "x")$x
    releaseViews("battery-write", "x")
    changed <- plain()
    changed[2:4] <- x[10:12]
    changed[[5L]] <- x[[1L]]
    v[2:4] <- x[10:12]
    v[[5L]] <- x[[1L]]
    expect_identical(v, changed)
    expect_identical(other, x)
    expect_identical(retrieveViews("battery-write", "x")$x, x)
    releaseViews("battery-write", "x")
  })

  test_that(paste(type, "keeps and takes attributes"), {
    v <- view_of(structure(plain(), names = paste0("n", seq_len(n)), note = "mine"))
    v[[1L]] <- x[[9L]]
    expect_identical(names(v), paste0("n", seq_len(n)))
    expect_identical(attr(v, "note"), "mine")
    expect_identical(v[["n7"]], x[[7L]])
    m <- view_of(matrix(plain(), 50L, dimnames = list(NULL, paste0("c", 1:100))))
    expect_identical(dim(m), c(50L, 100L))
    expect_identical(m[3L, ], matrix(x, 50L, dimnames = list(NULL, paste0("c", 1:100)))[3L, ])
    expect_identical(t(m), t(matrix(x, 50L, dimnames = list(NULL, paste0("c", 1:100)))))
    w <- view_of(x)
    names(w) <- seq_len(n)
    expect_true(ms_is_view(w))
    dim(w) <- NULL
    names(w) <- NULL
    expect_identical(w, x)
    length(w) <- 3L
    expect_identical(w, x[1:3])
  })

  test_that(paste(type, "survives the collector at every step"), {
    v <- view_of(x)
    gctorture(TRUE)
    got <- list(v[2:4], rev(v)[1:2], as.character(v[1:3]), identical(v[5L], x[5L]))
    gctorture(FALSE)
    expect_identical(got, list(x[2:4], rev(x)[1:2], as.character(x[1:3]), TRUE))
  })
}

test_that("a string that was set to empty stays empty", {
  v <- view_of(examples$character)
  expect_identical(v[10L], examples$character[10L])
  v[10L] <- ""
  expect_identical(v[9:11], c(examples$character[9L], "", examples$character[11L]))
})

test_that("C code that asks for a writable pointer gets no copy", {
  skip_on_cran()
  m <- matrix(as.numeric(seq_len(4e6)), 2000L)
  v <- view_of(m)
  gc(reset = TRUE)
  before <- gc()["Vcells", "max used"]
  got <- cor(v[, 1L], v[, 2L])
  expect_equal(got, 1)
  .Internal(inspect(v)) |> capture.output() -> told
  expect_match(told[[1L]], "memshare view of 4000000 items")
  total <- colSums(v)
  expect_identical(total, colSums(m))
  # colSums asks for REAL(x); a copy would be 4e6 cells.
  expect_lt(gc()["Vcells", "max used"] - before, 2e6)
})
