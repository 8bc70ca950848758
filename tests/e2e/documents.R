# Every R and sh code block of the documents does what the document says: each document's blocks are run in order, in an R session of its
# own. A block that fails is named by file and line.
#
# - A comment of the document right above a block, "not run by tests: WHY", excepts it; its code must be right by grammar, and the targets
#   of make that it names must exist. The blocks of vignettes that have one, and no others, have eval = FALSE.
# - A block that needs a package that is not installed is left out, which is said.
# - A line "#> Error: TEXT ..." below an expression says that it fails with that text.
#
# Documents may be given: Rscript tests/e2e/documents.R docs/debugging.md
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
root <- normalizePath(file.path(dirname(script), "..", ".."))
given <- commandArgs(TRUE)
excepted <- "^<!-- not run by tests: (.+) -->$"

# The code blocks of a document, each with its language, its first line's number, its code, and why it is not run (or NULL).
blocks_of <- function(lines) {
  fences <- grep("^```", lines)
  if (length(fences) %% 2L) stop("a code block has no end")
  marked <- grep(excepted, lines)
  odd <- seq_along(fences) %% 2L == 1L
  begins <- fences[odd]
  ends <- fences[!odd]
  stray <- setdiff(marked + 1L, begins)
  if (length(stray)) stop("line ", stray[[1L]] - 1L, " excepts no block")
  lapply(seq_along(begins), function(k) {
    at <- begins[[k]]
    if (startsWith(lines[[at]], "```{r") && grepl("eval = FALSE", lines[[at]], fixed = TRUE) != ((at - 1L) %in% marked)) {
      stop("line ", at, ": eval = FALSE, and why the block is not run, go together")
    }
    why <- if ((at - 1L) %in% marked) sub(excepted, "\\1", lines[[at - 1L]])
    inside <- seq_len(ends[[k]] - at - 1L) + at
    list(language = sub("^```\\{?([a-z]*).*", "\\1", lines[[at]]), line = at + 1L, code = lines[inside], why = why)
  })
}

# What is wrong with a block of shell commands, or NULL.
run_shell <- function(block) {
  file <- tempfile(fileext = ".sh")
  writeLines(block$code, file)
  output <- suppressWarnings(system2("sh", c(if (is.null(block$why)) "-eu" else "-n", file), stdout = TRUE, stderr = TRUE))
  if (length(attr(output, "status"))) return(sprintf("line %d: %s", block$line, paste(output, collapse = "\n")))
  named <- unlist(regmatches(block$code, gregexpr("(?<=make )[a-z-]+", block$code, perl = TRUE)))
  makefile <- readLines(file.path(root, "Makefile"))
  missing <- Filter(function(target) !any(startsWith(makefile, paste0(target, ":"))), named)
  if (length(missing)) sprintf("line %d: make has no target %s", block$line, toString(missing))
}

# Packages that code attaches or calls by pkg::name, and that are not installed.
not_installed <- function(code) {
  pattern <- "(?<=library[(])[A-Za-z0-9.]+|[A-Za-z][A-Za-z0-9.]*(?=::)"
  named <- unique(unlist(regmatches(code, gregexpr(pattern, code, perl = TRUE))))
  Filter(function(package) !nzchar(system.file(package = package)), named)
}

# The text of an error that the document announces below an expression, up to its "...", or NULL.
announced <- function(block, last) {
  after <- block$code[-seq_len(last)]
  if (length(after) && startsWith(after[[1L]], "#> Error: ")) sub(" *[.][.][.].*", "", sub("#> Error: ", "", after[[1L]], fixed = TRUE))
}

# Runs a block's expressions at top level; what is wrong with one of them, with its line, or NULL.
run_code <- function(block) {
  code <- parse(text = block$code, keep.source = TRUE)
  places <- attr(code, "srcref")
  if (!is.null(block$why)) return(NULL)
  for (i in seq_along(code)) {
    expected <- announced(block, places[[i]][[3L]])
    error <- tryCatch({
      shown <- withVisible(eval(code[[i]], globalenv()))
      if (shown$visible) print(shown$value)
      NULL
    }, error = identity)
    right <- if (is.null(expected)) is.null(error) else inherits(error, "error") && startsWith(conditionMessage(error), expected)
    if (right) next
    found <- if (is.null(error)) "no error came" else conditionMessage(error)
    return(sprintf("line %d: %s", block$line + places[[i]][[1L]] - 1L, found))
  }
}

# One document, in this session: what is wrong is written into `report`, and what was not run.
run_document <- function(document, report) {
  blocks <- Filter(function(block) block$language %in% c("r", "sh"), blocks_of(readLines(file.path(root, document))))
  setwd(dirname(report))
  for (block in blocks) {
    lacking <- if (block$language == "r" && is.null(block$why)) not_installed(block$code)
    if (length(lacking)) block$why <- paste("not installed:", toString(lacking))
    if (!is.null(block$why)) cat(sprintf("not run: %s:%d (%s)\n", document, block$line, block$why), file = report, append = TRUE)
    run <- if (block$language == "sh") run_shell else run_code
    wrong <- tryCatch(run(block), error = function(e) sprintf("line %d: %s", block$line, conditionMessage(e)))
    if (length(wrong)) cat(sprintf("FAILED: %s, %s\n", document, wrong), file = report, append = TRUE)
  }
  cat(sprintf("%s: %d blocks\n", document, length(blocks)), file = report, append = TRUE)
}

if (length(given) == 2L) {
  suppressPackageStartupMessages(library(memshare))
  run_document(given[[1L]], given[[2L]])
  quit("no")
}

documents <- if (length(given)) given else {
  places <- c("README.md", "CONTRIBUTING.md", "docs/*.md", "tools/container/README.md", ".github/ISSUE_TEMPLATE/*.md", "rpkg/vignettes/*.Rmd")
  sub(paste0(root, "/"), "", Sys.glob(file.path(root, places)), fixed = TRUE)
}
bad <- FALSE
for (document in documents) {
  scratch <- tempfile("document")
  dir.create(scratch)
  report <- file.path(scratch, "report")
  log <- file.path(scratch, "log")
  arguments <- c("--vanilla", shQuote(file.path(root, "tests/e2e/documents.R")), document, report)
  status <- system2(file.path(R.home("bin"), "Rscript"), arguments, stdout = log, stderr = log, timeout = 300)
  said <- if (file.exists(report)) readLines(report) else character()
  wrong <- status != 0 || any(startsWith(said, "FAILED"))
  if (wrong) cat(readLines(log), sep = "\n")
  cat(said, sep = "\n")
  if (status != 0) cat("FAILED: ", document, ": its session ended with status ", status, "\n", sep = "")
  bad <- bad || wrong
  unlink(scratch, recursive = TRUE)
}
quit("no", status = as.integer(bad))
