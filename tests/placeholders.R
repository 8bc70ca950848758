# Values that a person must fill in stand as addresses of example.org. Each file that has one is in the list of CONTRIBUTING.md, and no other.
places <- c(".", "docs", ".github", "rpkg", "rpkg/R", "rpkg/inst", "rpkg/vignettes")
files <- sub("^[.]/", "", setdiff(list.files(places, full.names = TRUE, all.files = TRUE), c(list.dirs(places, recursive = FALSE), places)))
files <- files[!file.info(files)$isdir & !grepl("[.](xz|lock|png)$|CONTRIBUTING.md$|[.]git$", files)]
found <- files[vapply(files, function(file) any(grepl("example[.]org", readLines(file, warn = FALSE), useBytes = TRUE)), NA)]
lines <- readLines("CONTRIBUTING.md")
listed <- sub("^\\| `([^`]*)`.*", "\\1", grep("^\\| `", lines, value = TRUE))
if (!setequal(found, listed)) {
  cat("not in the list of CONTRIBUTING.md:", setdiff(found, listed), "\nin the list without a need:", setdiff(listed, found), "\n")
  quit(status = 1)
}
cat(length(listed), "files with placeholders, all listed\n")
