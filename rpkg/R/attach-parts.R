# What all kinds of files of memAttach() have in common: paths, their error, and the description that native code is given.

# The bytes by which the system knows a file.
path_bytes <- function(path) charToRaw(enc2native(path))

abort_file <- function(path, reason, call) {
  abort("file", sprintf("the file '%s' cannot be used: %s", path, reason), path = path, call = call)
}

# An array of one file for ms_attach(); the items begin at byte `offset`.
one_part <- function(path, item, dim, ..., offset = 0, dimnames = NULL) {
  given <- list(
    files = list(path_bytes(path)), file = 1, offset = offset, items = prod(dim), item = item, missing = FALSE, rows = FALSE, dim = dim, dimnames = dimnames
  )
  utils::modifyList(given, list(...))
}
