# No function of R that is hard to read at one sitting: Rscript tests/long.R
#
# At most 40 lines each, and 6 parameters but for what users call, whose arguments are theirs. For Rust clippy sees to the same. Lines of
# examples fit the width of the manual, which R CMD check asks for.
exported <- sub("^export[(](.*)[)]$", "\\1", grep("^export[(]", readLines("rpkg/NAMESPACE"), value = TRUE))
bad <- 0
for (file in setdiff(list.files("rpkg/R", "[.]R$", full.names = TRUE), "rpkg/R/extendr-wrappers.R")) {
  code <- parse(file, keep.source = TRUE)
  places <- attr(code, "srcref")
  for (i in seq_along(code)) {
    one <- code[[i]]
    if (!is.call(one) || !identical(one[[1]], quote(`<-`)) || !is.call(one[[3]]) || !identical(one[[3]][[1]], quote(`function`))) next
    name <- as.character(one[[2]])[[1]]
    lines <- places[[i]][[3]] - places[[i]][[1]] + 1L
    parameters <- length(one[[3]][[2]])
    if (lines <= 40 && (parameters <= 6 || name %in% exported)) next
    bad <- bad + 1
    cat(sprintf("%s: %s has %d lines and %d parameters\n", file, name, lines, parameters))
  }
}
for (file in list.files("rpkg/man", "[.]Rd$", full.names = TRUE)) {
  lines <- utils::capture.output(tools::Rd2ex(file))
  for (line in lines[nchar(lines) > 100L & !startsWith(lines, "###")]) {
    bad <- bad + 1
    cat(sprintf("%s: a line of the examples has more than 100 characters: %s\n", file, line))
  }
}
quit(status = as.integer(bad > 0))
