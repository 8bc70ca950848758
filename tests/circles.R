# No circles of imports between files, and no function of R defined twice: Rscript tests/circles.R
#
# An edge goes from a file to the file that defines what it names. Rust: by `use` or by a path, followed through re-exports; `mod` lines,
# re-exports and tests do not count, and a method belongs to no file (its type does). R: by the functions that are called.
# Files that stand in a circle cannot be read one after the other: what both need belongs into a third.

# Rust without comments, texts and what is in braces behind #[cfg(test)].
plain_rust <- function(file) {
  text <- paste(readLines(file, warn = FALSE), collapse = "\n")
  # All at once: a comment may hold a quote, and a text two slashes.
  text <- gsub("(?s)//[^\n]*|/\\*.*?\\*/|b?r#+\".*?\"#+|\"(?:[^\"\\\\]|\\\\.)*\"|'(?:\\\\[^']+|[^\\\\'])'", "\"\"", text, perl = TRUE)
  gsub("#\\[cfg\\((?:all\\()?test[^\n]*\n(?:\\s*#\\[[^\n]*\n)*[^;{]*(?:;|(\\{(?:[^{}]|(?1))*\\}))", "", text, perl = TRUE)
}

found <- function(pattern, text) {
  if (!length(text)) return(matrix(character(), 0, 1))
  at <- gregexpr(pattern, text, perl = TRUE)[[1]]
  if (at[[1]] < 0) return(matrix(character(), 0, 1))
  do.call(rbind, lapply(regmatches(text, list(at))[[1]], function(one) regmatches(one, regexec(pattern, one, perl = TRUE))[[1]]))
}

# "a::{b, c::{self, d as e}}" as its paths, each with the name that it has here.
use_paths <- function(text) {
  text <- gsub("\\s+", " ", trimws(text))
  open <- regexpr("{", text, fixed = TRUE)
  if (open < 0) {
    parts <- strsplit(text, " as ", fixed = TRUE)[[1]]
    path <- strsplit(gsub(" ", "", parts[[1]]), "::", fixed = TRUE)[[1]]
    if (length(path) > 1 && path[[length(path)]] == "self") path <- path[-length(path)]
    return(list(list(path = path, name = if (length(parts) > 1) trimws(parts[[2]]) else path[[length(path)]])))
  }
  head <- substr(text, 1, open - 1)
  body <- substr(text, open + 1, nchar(text) - 1)
  letters <- strsplit(body, "")[[1]]
  depth <- cumsum((letters == "{") - (letters == "}"))
  cut <- which(letters == "," & depth == 0)
  items <- trimws(substring(body, c(1, cut + 1), c(cut - 1, nchar(body))))
  unlist(lapply(items[nzchar(items)], function(item) use_paths(paste0(head, item))), recursive = FALSE)
}

definition <- paste0(
  "(?m)^(?:pub(?:\\([^)]*\\))? )?(?:default |async |const |unsafe |extern \"\" )*",
  "(?:fn|struct|enum|union|trait|type|const|static|macro_rules!) (?:mut )?(\\w+)"
)

# All that is to be known of a crate's files, by module: "a::b", or `top`.
rust_crate <- function(source) {
  files <- list.files(source, "[.]rs$", recursive = TRUE)
  files <- files[!grepl("(^|/)tests?/|(^|_|/)tests?[.]rs$|wrappers", files)]
  raw <- lapply(file.path(source, files), function(file) paste(readLines(file, warn = FALSE), collapse = "\n"))
  tests <- unlist(Map(function(file, text) {
    inside <- sub("(mod|lib|main)[.]rs$", "", sub("[.]rs$", "/", sub("(mod|lib|main)[.]rs$", "mod.rs", file)))
    inside <- if (grepl("(mod|lib|main)[.]rs$", file)) dirname(paste0(file, "")) else sub("[.]rs$", "", file)
    names <- found("#\\[cfg\\([^\n]*test[^\n]*\\n(?:#\\[[^\n]*\\n)*\\s*(?:pub(?:\\([^)]*\\))? )?mod (\\w+);", text)
    if (nrow(names)) sub("^[.]/", "", file.path(inside, names[, 2]))
  }, files, raw))
  files <- files[!sub("[.]rs$|/mod[.]rs$", "", files) %in% tests]
  module <- gsub("/", "::", sub("(^|/)(mod|lib|main)$", "", sub("[.]rs$", "", files)))
  module[module == ""] <- top
  text <- lapply(file.path(source, files), plain_rust)
  uses <- lapply(text, function(code) {
    all <- found("(?m)^\\s*(pub(?:\\([^)]*\\))? )?use ([^;]+);", code)
    unlist(lapply(seq_len(nrow(all)), function(i) {
      lapply(use_paths(all[i, 3]), function(use) c(use, public = nzchar(all[i, 2])))
    }), recursive = FALSE)
  })
  list(
    source = source, files = stats::setNames(file.path(source, files), module), uses = stats::setNames(uses, module),
    defines = stats::setNames(lapply(text, function(code) found(definition, code)[, -1]), module), text = stats::setNames(text, module)
  )
}

# The module of the crate's own file.
top <- "crate"

below <- function(module, name) if (module == top) name else paste0(module, "::", name)
above <- function(module) if (grepl("::", module)) sub("::[^:]+$", "", module) else top

# The file that defines what a path names, seen from a module; NULL of what is a module, or not of this crate.
defining <- function(crate, module, path, depth = 0) {
  if (depth > 20 || !length(path)) return(NULL)
  at <- module
  first <- path[[1]]
  if (first == "crate") {
    at <- top
  } else if (first == "super") {
    at <- above(module)
    while (length(path) > 1 && path[[2]] == "super") {
      at <- above(at)
      path <- path[-1]
    }
  } else if (first != "self") {
    if (!below(module, first) %in% names(crate$files)) {
      # A name that was brought in.
      for (use in crate$uses[[module]]) {
        if (use$name == first && !identical(use$path, path)) return(defining(crate, module, c(use$path, path[-1]), depth + 1))
      }
      return(NULL)
    }
    path <- c("self", path)
  }
  for (name in path[-1]) {
    if (below(at, name) %in% names(crate$files)) {
      at <- below(at, name)
      next
    }
    if (name %in% crate$defines[[at]]) return(crate$files[[at]])
    for (use in crate$uses[[at]]) {
      if (use$name == name && use$public) return(defining(crate, at, use$path, depth + 1))
      if (use$name == "*" && use$public) {
        inside <- defining(crate, at, c(use$path[-length(use$path)], name), depth + 1)
        if (!is.null(inside)) return(inside)
      }
    }
    return(NULL)
  }
  NULL
}

rust_edges <- function(crate) {
  edges <- lapply(names(crate$files), function(module) {
    code <- gsub("(?m)^\\s*(pub(\\([^)]*\\))? )?use [^;]+;", "", crate$text[[module]], perl = TRUE)
    # A re-export counts where the file uses the name itself.
    counts <- function(use) !use$public || use$name != "*" && grepl(paste0("\\b", use$name, "\\b"), code, perl = TRUE)
    named <- lapply(Filter(counts, crate$uses[[module]]), `[[`, "path")
    paths <- unique(found("(?<![\\w:])((?:[a-z_]\\w*::)+\\w+)", code)[, 1])
    named <- c(named, strsplit(paths, "::", fixed = TRUE))
    to <- unique(unlist(lapply(named, function(path) defining(crate, module, path))))
    to <- setdiff(to, crate$files[[module]])
    if (length(to)) cbind(from = crate$files[[module]], to = to)
  })
  do.call(rbind, edges)
}

r_edges <- function(source) {
  files <- setdiff(list.files(source, "[.]R$", full.names = TRUE), file.path(source, "extendr-wrappers.R"))
  code <- lapply(files, parse, keep.source = FALSE)
  assigned <- function(one) if (is.call(one) && identical(one[[1]], quote(`<-`)) && is.name(one[[2]])) as.character(one[[2]])
  defines <- lapply(code, function(all) unlist(lapply(all, assigned)))
  home <- stats::setNames(rep(files, lengths(defines)), unlist(defines))
  # The later file's would be the one for both.
  for (name in unique(names(home)[duplicated(names(home))])) {
    cat("defined twice:", name, "in", paste(home[names(home) == name], collapse = " and "), "\n")
    bad <<- bad + 1
  }
  # What a function binds itself is none of the package's.
  bound <- function(x) if (is.call(x)) c(if (identical(x[[1]], quote(`function`))) names(x[[2]]), assigned(x), unlist(lapply(as.list(x), bound)))
  named <- function(x) {
    if (is.call(x)) c(if (is.name(x[[1]])) as.character(x[[1]]), unlist(lapply(as.list(x), named)))
    else if (is.pairlist(x)) unlist(lapply(as.list(x), named))
  }
  called <- function(all) unlist(lapply(all, function(one) setdiff(named(one), bound(if (length(assigned(one))) one[[3]] else one))))
  edges <- Map(function(file, all) {
    to <- setdiff(unique(home[intersect(called(all), names(home))]), file)
    if (length(to)) cbind(from = file, to = unname(to))
  }, files, code)
  do.call(rbind, edges)
}

# The groups of files of which each reaches each.
circles <- function(edges) {
  files <- sort(unique(c(edges)))
  reach <- matrix(FALSE, length(files), length(files), dimnames = list(files, files))
  reach[edges] <- TRUE
  for (k in seq_along(files)) reach <- reach | (reach[, k] %o% reach[k, ] > 0)
  both <- reach & t(reach)
  unique(lapply(files[diag(both)], function(file) files[both[file, ]]))
}

bad <- 0
rust <- Filter(dir.exists, c("scheduler/src", "inspect/src", "mutualinfo/src", "cli/src", "rpkg/src/rust/src"))
edges <- c(lapply(rust, function(source) rust_edges(rust_crate(source))), list(r_edges("rpkg/R")))
for (some in edges) {
  for (group in circles(some)) {
    bad <- bad + 1
    cat("circle:", paste(group, collapse = " "), "\n")
    for (i in which(some[, 1] %in% group & some[, 2] %in% group)) cat("   ", some[i, 1], "->", some[i, 2], "\n")
  }
}
cat(sprintf("%d files, %d edges, %d circles\n", length(unique(unlist(edges))), sum(vapply(edges, nrow, 0L)), bad))
quit(status = as.integer(bad > 0))
