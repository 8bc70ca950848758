# Values that a person must fill in stand as addresses of example.org. Each file that has one is in the list of CONTRIBUTING.md, and no other.
files <- system2("git", c("grep", "-l", shQuote("example\\.org")), stdout = TRUE)
files <- grep("^(CONTRIBUTING.md|tests/|rpkg/(man|tests)/)", files, value = TRUE, invert = TRUE)
lines <- readLines("CONTRIBUTING.md")
listed <- sub("^\\| `([^`]*)`.*", "\\1", grep("^\\| `", lines, value = TRUE))
if (!setequal(files, listed)) {
  cat("not in the list of CONTRIBUTING.md:", setdiff(files, listed), "\nin the list without a need:", setdiff(listed, files), "\n")
  quit(status = 1)
}
cat(length(listed), "files with placeholders, all listed\n")
