# Phrases that no reader should meet: metaphors, dialect, and what a computer would write. In documents, the manual, vignettes, news, and all
# that the program can say (rpkg/tests/testthat/fixtures/messages.txt has the R side of it). Rscript tests/words.R
forbidden <- c(
  "death is survived", "kind of nothing", "given up by cancel", "are put up", "is put up", "Nothing need be",
  "Takes nothing", "What is left: nothing",
  # "3 worker(s)": a number and its noun agree.
  "\\b(argument|block|chunk|column|dimension|element|file|group|host|item|name|node|package|pass|process|row|task|time|value|variable|worker)[(]s[)]"
)
files <- c(
  Sys.glob(c(
    "*.md", "docs/*.md", "docs/*.json", ".github/ISSUE_TEMPLATE/*", "tools/container/*", "rpkg/NEWS.md", "rpkg/DESCRIPTION", "rpkg/vignettes/*.Rmd",
    "rpkg/man/*.Rd", "rpkg/R/*.R", "rpkg/tests/testthat/fixtures/messages.txt", "rpkg/tools/*", "examples/*.R", "examples/adapters/*.R", "viewer/src/*.js"
  )),
  list.files(c("rpkg/src/rust/src", "scheduler/src", "inspect/src", "mutualinfo/src", "cli/src"), "[.]rs$", recursive = TRUE, full.names = TRUE)
)
bad <- 0L
for (file in files) {
  lines <- readLines(file, warn = FALSE, encoding = "UTF-8")
  for (phrase in forbidden) {
    for (line in grep(phrase, lines, perl = TRUE, useBytes = TRUE)) {
      bad <- bad + 1L
      cat(sprintf("%s:%d: %s\n", file, line, trimws(lines[[line]])))
    }
  }
}
cat(sprintf("%d files, %d forbidden phrases\n", length(files), bad))
quit(status = as.integer(bad > 0L))
