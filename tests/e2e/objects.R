# Objects that packages' data sets and examples make: each comes back from a worker as it went, as X and captured, and its class, length,
# format and summary on a worker are what they are here. One object of each class, of some data sets and manual pages of each package
# that is installed. Packages and how many of each may be given: Rscript tests/e2e/objects.R stats MASS 60
suppressPackageStartupMessages(library(memshare))
options(memshare.quiet = TRUE)
grDevices::pdf(NULL)
given <- commandArgs(TRUE)
number <- grepl("^[0-9]+$", given)
most <- if (any(number)) as.integer(given[number][[1L]]) else 6L
packages <- given[!number]
if (!length(packages)) {
  packages <- c("datasets", "stats", "survival", "nlme", "Matrix", "data.table", "zoo", "bit64", "tibble", "lubridate")
}

silently <- function(code) {
  utils::capture.output(value <- suppressMessages(suppressWarnings(code)))
  value
}

# What an object looks like to its own methods, apart from printed addresses and whether a function was compiled meanwhile.
seen <- function(object) {
  text <- c(
    class(object), tryCatch(as.character(length(object)), error = conditionMessage),
    tryCatch(utils::head(format(object)), error = function(e) "no format"),
    tryCatch(utils::capture.output(print(summary(object))), error = function(e) "no summary")
  )
  gsub("0x[0-9a-f]+", "", gsub("\\s*<bytecode: [^>]*>", "", unlist(text)))
}

same <- function(a, b) {
  identical(a, b, ignore.environment = TRUE, ignore.srcref = TRUE) ||
    isTRUE(tryCatch(all.equal(a, b, check.environment = FALSE), error = function(e) FALSE))
}

# What differs for an object, in words; nothing where all is right. Where there is nothing to compare with it says nothing.
differences <- function(object) {
  here <- tryCatch(silently(seen(object)), error = function(e) NULL)
  # What R's own copy of an object is not equal to (it knows its address) cannot be told from the worker's.
  if (is.null(here) || !same(unserialize(serialize(object, NULL)), object)) return(character())
  outcome <- function(code) tryCatch(silently(code), error = identity)
  back <- outcome(memLapply(list(object), function(o) o, MAX.CORES = 1)[[1]])
  there <- outcome(memLapply(1, function(i) seen(object), MAX.CORES = 1)[[1]])
  say <- function(what, value) paste(what, if (inherits(value, "memshare_error")) conditionMessage(value) else "is different")
  c(if (!same(back, object)) say("as X", back), if (!same(there, here)) say("captured", there))
}

objects_of <- function(package) {
  found <- list()
  keep <- function(environment, from) {
    for (name in ls(environment)) {
      object <- get(name, envir = environment)
      key <- paste(class(object), collapse = "/")
      usable <- !is.function(object) && !is.environment(object) && utils::object.size(object) < 1e6
      if (usable && !key %in% names(found)) found[[key]] <<- list(object = object, label = paste0(package, ": ", from, name))
    }
  }
  for (item in some_of(unique(sub(" .*", "", utils::data(package = package)$results[, "Item"])))) {
    environment <- new.env()
    try(suppressWarnings(utils::data(list = item, package = package, envir = environment)), silent = TRUE)
    keep(environment, "")
  }
  pages <- tools::Rd_db(package)
  for (page in some_of(names(pages))) {
    file <- tempfile()
    tools::Rd2ex(pages[[page]], file, commentDontrun = TRUE, commentDonttest = TRUE)
    if (!file.exists(file)) next
    environment <- new.env(parent = globalenv())
    setTimeLimit(elapsed = 20, transient = TRUE)
    for (code in parse(file)) try(silently(eval(code, environment)), silent = TRUE)
    setTimeLimit()
    keep(environment, paste0(page, "$"))
  }
  found
}

# The same ones each time, from all over.
some_of <- function(x) x[unique(round(seq(1, length(x), length.out = min(most, length(x)))))]

wrong <- total <- 0L
for (package in packages) {
  if (!suppressWarnings(suppressPackageStartupMessages(require(package, character.only = TRUE, quietly = TRUE)))) next
  for (entry in objects_of(package)) {
    total <- total + 1L
    for (difference in differences(entry$object)) {
      wrong <- wrong + 1L
      cat(entry$label, difference, "\n")
    }
  }
}
cat(sprintf("objects: %d differences in %d objects\n", wrong, total))
if (wrong > 0 || total == 0) quit("no", status = 1)
