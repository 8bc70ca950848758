# Records with fixed figures; inspect/src/text_tests/fixtures.rs makes them.
fixture <- function(name) memLoad(testthat::test_path("fixtures", paste0(name, ".memshare")))

expect_lines <- function(x, text) expect_identical(format(x), strsplit(sub("^\n", "", sub("\n$", "", text)), "\n", fixed = TRUE)[[1L]])
