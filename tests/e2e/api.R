# The library uses no entry point of R that is not part of R's API: neither of the list that R CMD check has in this version of R nor,
# where R knows its whole API (from 4.6 on), any function that is not in it.
if (!nzchar(Sys.which("nm"))) {
  cat("skipped: no nm here\n")
  quit("no")
}
library <- system.file("libs", paste0("memshare", .Platform$dynlib.ext), package = "memshare", mustWork = TRUE)
needed <- sub("@.*", "", sub(".* ", "", system2("nm", c("-D", "--undefined-only", shQuote(library)), stdout = TRUE)))
stopifnot("R_UnwindProtect" %in% needed)
tools <- asNamespace("tools")

forbidden <- intersect(needed, tools$nonAPI)
if (length(forbidden)) stop("entry points that are not part of R's API: ", paste(forbidden, collapse = ", "))

# Before, the API has no way to list attributes: R 4.5 knows its functions too, but not the one that replaces ATTRIB().
if (getRversion() < "4.6" || !exists("checkPkgAPI", tools, inherits = FALSE)) {
  cat("skipped: the API of R", as.character(getRversion()), "is not complete; its list of what is not part of it was asked\n")
  quit("no")
}
known <- suppressWarnings(tools$checkPkgAPI("memshare", all = TRUE))
stopifnot("R_UnwindProtect" %in% known$name)
other <- known$name[!known$apitype %in% c("api", "eapi")]
if (length(other)) stop("entry points that R's API does not have: ", paste(other, collapse = ", "))
