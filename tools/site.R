# The site by pkgdown, into the directory that is given: Rscript tools/site.R build/site
#
# pkgdown wants the README in the package's directory, and here it is the repository's. So it works on a copy of what a site is made of, in
# which links of the README to vignettes go to the articles, its pictures are among the package's, and links to other files are plain text.
target <- commandArgs(TRUE)[[1L]]
unlink(target, recursive = TRUE)
dir.create(target, recursive = TRUE)
target <- normalizePath(target)

package <- file.path(tempfile("site"), "memshare")
dir.create(package, recursive = TRUE)
parts <- c("DESCRIPTION", "NAMESPACE", "LICENSE", "NEWS.md", "_pkgdown.yml", "R", "man", "vignettes", "inst")
stopifnot(file.copy(file.path("rpkg", parts), package, recursive = TRUE))

readme <- paste(readLines("README.md"), collapse = "\n")
readme <- gsub("\\]\\(rpkg/vignettes/([a-z-]+)[.]Rmd(#[a-z-]+)?\\)", "](articles/\\1.html\\2)", readme)
readme <- gsub("\\]\\(docs/tour/([a-z-]+[.]png)\\)", "](man/figures/\\1)", readme)
readme <- gsub("\\[([^]]*)\\]\\((?!articles/|man/figures/|https?:)[^)]*\\)", "\\1", readme, perl = TRUE)
dir.create(file.path(package, "man", "figures"), showWarnings = FALSE)
stopifnot(file.copy(Sys.glob("docs/tour/*.png"), file.path(package, "man", "figures")))
writeLines(readme, file.path(package, "index.md"))

# From version 2.1 on pkgdown fetches scripts for its pages (search, contents, buttons that copy code) from these hosts, once a machine. Where they cannot be
# reached, pages do without.
scripts <- c("cdnjs.cloudflare.com", "cdn.jsdelivr.net")
reached <- function(host) {
  old <- options(timeout = 5)
  on.exit(options(old))
  tryCatch(is.character(suppressWarnings(curlGetHeaders(paste0("https://", host, "/")))), error = function(e) FALSE)
}
if (exists("cached_dependency", asNamespace("pkgdown"))) {
  if (all(vapply(scripts, reached, NA))) {
    Sys.setenv(no_proxy = paste(scripts, collapse = ","))
  } else {
    utils::assignInNamespace("cached_dependency", function(...) NULL, "pkgdown")
    message("The scripts of pkgdown's pages cannot be fetched from ", paste(scripts, collapse = " and "), ": its pages have no search, no contents and no buttons that copy code.")
  }
}

# No network: other packages' sites are not asked for where their help pages are, which waits a minute each where there is none; and an empty
# CRAN is asked whether the package is on it.
cran <- file.path(dirname(package), "cran")
dir.create(file.path(cran, "web", "packages"), recursive = TRUE)
saveRDS(data.frame(Package = character()), file.path(cran, "web", "packages", "packages.rds"))
Sys.setenv(http_proxy = "http://127.0.0.1:9", https_proxy = "http://127.0.0.1:9", R_CRAN_WEB = paste0("file://", cran))
options(pkgdown.internet = FALSE)
# Of packages that are not installed here, downlit would ask CRAN by an address of its own.
utils::assignInNamespace("CRAN_urls", function() data.frame(Package = character(), URL = character()), "downlit")
pkgdown::build_site(package, examples = FALSE, preview = FALSE, install = FALSE, new_process = FALSE, override = list(destination = target))
