# What the files say in which packages bigmemory and bigstatsr keep what their matrices are. They are other people's: each field is checked.

# More than the names of a matrix's rows and columns take.
descriptor_bytes <- 2^28

# A descriptor of package bigmemory: new("big.matrix.descriptor", description = list(...)), as text.
described_array <- function(path, call) {
  field <- checked_fields(descriptor_of(path, call), path, call)
  if (!identical(field("sharedType", "text"), "FileBacked")) {
    abort_file(path, "its big.matrix is in memory alone; memAttach() takes file-backed ones (sharedType = \"FileBacked\")", call)
  }
  type <- field("type", "text")
  item <- c(char = "|i1", short = "=i2", integer = "=i4", float = "=f4", double = "=f8", raw = "|V1")[type]
  if (is.na(item)) abort_file(path, sprintf("its items are of bigmemory's type '%s', which is not known", type), call)
  dim <- c(field("nrow", "count"), field("ncol", "count"))
  total <- c(field("totalRows", "count"), field("totalCols", "count"))
  skip <- c(field("rowOffset", "count", 2L)[[1L]], field("colOffset", "count", 2L)[[1L]])
  if (any(skip + dim > total)) abort_file(path, "its part of rows and columns is beyond its matrix", call)
  dimnames <- list(field("rowNames", "names", dim[[1L]]), field("colNames", "names", dim[[2L]]))
  data <- data_file(path, field("filename", "text"), field("dirname", "text", optional = TRUE))
  separated <- field("separated", "flag", optional = TRUE)
  utils::modifyList(
    descriptor_parts(data, if (isTRUE(separated)) "columns" else "one", list(dim = dim, total = total, skip = skip), as.integer(substring(item, 3L))),
    list(item = unname(item), missing = TRUE, rows = FALSE, dim = dim, dimnames = if (!is.null(unlist(dimnames))) dimnames)
  )
}

# Where the columns stand: together in one file, or each in a file of its own.
descriptor_parts <- function(data, files, extent, size) {
  rows <- extent$dim[[1L]]
  columns <- seq_len(extent$dim[[2L]]) + extent$skip[[2L]] - 1
  if (files == "columns") {
    paths <- lapply(sprintf("%s_column_%.0f", data, columns), path_bytes)
    return(list(files = paths, file = seq_along(paths), offset = rep(extent$skip[[1L]] * size, length(paths)), items = rep(rows, length(paths))))
  }
  starts <- (columns * extent$total[[1L]] + extent$skip[[1L]]) * size
  whole <- rows == extent$total[[1L]] && length(starts)
  list(
    files = list(path_bytes(data)), file = if (whole) 1 else rep(1, length(starts)), offset = if (whole) starts[[1L]] else starts,
    items = if (whole) prod(extent$dim) else rep(rows, length(starts))
  )
}

# Beside the descriptor, or in the directory that it names. Where there is neither, the error is of the first.
data_file <- function(path, name, directory) {
  if (startsWith(name, "/")) return(name)
  beside <- file.path(dirname(path), name)
  there <- function(file) file.exists(file) || file.exists(paste0(file, "_column_0"))
  named <- if (!is.null(directory)) file.path(sub("/+$", "", directory), name)
  if (!there(beside) && !is.null(named) && there(named)) named else beside
}

# The fields of a descriptor's file: a list.
descriptor_of <- function(path, call) {
  bytes <- native(ms_file_bytes(path_bytes(path), descriptor_bytes), call)
  tryCatch(
    {
      code <- parse(text = rawToChar(bytes), keep.source = FALSE, encoding = "UTF-8")
      if (length(code) != 1L) stop("it is not one expression")
      code <- code[[1L]]
      described <- is.call(code) && identical(code[[1L]], as.name("new")) && length(code) == 3L && identical(code[[2L]], "big.matrix.descriptor")
      if (!described) stop("it is not new(\"big.matrix.descriptor\", description = list(...)); binary ones are not read, save it without binarydescriptor = TRUE")
      fields <- literal(code[[3L]])
      if (!is.list(fields) || is.null(names(fields))) stop("its description is no list with names")
      fields
    },
    error = function(e) abort_file(path, paste("it is no descriptor of a big.matrix:", conditionMessage(e)), call)
  )
}

# The value of code that is a literal. Nothing else is code that we take, so nothing is evaluated.
literal <- function(code) {
  if (is.null(code) || is.atomic(code)) return(code)
  head <- if (is.call(code) && is.name(code[[1L]])) as.character(code[[1L]]) else ""
  parts <- if (head %in% c("list", "c", "-", "(")) lapply(as.list(code)[-1L], literal)
  single <- length(parts) == 1L
  switch(head,
    c = if (all(vapply(parts, is.atomic, NA))) return(unlist(parts)),
    "-" = if (single && is.numeric(parts[[1L]])) return(-parts[[1L]]),
    "(" = if (single) return(parts[[1L]])
  )
  if (head == "list") return(parts)
  stop(sprintf("'%s' is no number, text, c(...) or list(...)", paste(deparse(code, nlines = 1L), collapse = "")), call. = FALSE)
}

# Reads fields by what they must be.
checked_fields <- function(fields, path, call) {
  function(name, what, n = 1L, optional = FALSE) {
    x <- fields[[name]]
    if (is.null(x) && (optional || what == "names")) return(NULL)
    right <- switch(what,
      text = is.character(x) && length(x) == 1L && !is.na(x) && nzchar(x),
      count = is.numeric(x) && length(x) == n && !anyNA(x) && all(x >= 0 & x <= .Machine$integer.max & x == floor(x)),
      names = is.character(x) && length(x) == n && !anyNA(x),
      flag = is.logical(x) && length(x) == 1L && !is.na(x),
      codes = is.numeric(x) && length(x) == 256L
    )
    wanted <- c(codes = "256 numbers", text = "one text", count = "whole numbers from 0 on", names = "a name for each row or column", flag = "TRUE or FALSE")
    if (!right) abort_file(path, sprintf("its field '%s' must be %s, not %s", name, wanted[[what]], describe(x)), call)
    x
  }
}

# An FBM of package bigstatsr, saved by saveRDS(): an object with its fields in an environment.
fbm_array <- function(path, call) {
  field <- checked_fields(saved_fields(path, c("nrow", "ncol", "type", "backingfile", "code256"), call), path, call)
  dim <- c(field("nrow", "count"), field("ncol", "count"))
  type <- names(field("type", "count"))
  item <- c("unsigned char" = "|V1", "unsigned short" = "=u2", integer = "=i4", float = "=f4", double = "=f8")[if (is.null(type)) "" else type]
  if (is.na(item)) abort_file(path, sprintf("its items are of bigstatsr's type '%s', which is not known", if (is.null(type)) "" else type), call)
  codes <- field("code256", "codes", optional = TRUE)
  data <- sub("[.][rR][dD][sS]$", ".bk", path)
  if (!file.exists(data)) data <- field("backingfile", "text")
  if (!is.null(codes)) item <- "|u1"
  one_part(data, unname(item), dim, codes = codes)
}

# Some fields of an object that readRDS() gives. Nothing in it is run: neither what a binding would give when it is looked at, nor a promise.
saved_fields <- function(path, names, call) {
  bytes <- native(ms_file_bytes(path_bytes(path), descriptor_bytes), call)
  connection <- gzcon(rawConnection(bytes))
  on.exit(close(connection))
  # In a list: what would be a promise stays one.
  read <- tryCatch(list(readRDS(connection)), error = function(e) abort_file(path, paste("readRDS() fails:", conditionMessage(e)), call))
  if (typeof(read[[1L]]) != "S4") abort_file(path, "it holds no FBM of package bigstatsr", call)
  environment <- attr(read[[1L]], ".xData", exact = TRUE)
  if (!any(c("FBM", "FBM.code256") == attr(read[[1L]], "class", exact = TRUE)[1L]) || typeof(environment) != "environment") {
    abort_file(path, "it holds no FBM of package bigstatsr", call)
  }
  names <- names[vapply(names, exists, NA, envir = environment, inherits = FALSE)]
  sapply(names, function(name) {
    # A field with a declared class is an active binding, and its value stands under another name.
    if (bindingIsActive(as.name(name), environment)) name <- paste0(".->", name)
    if (!exists(name, environment, inherits = FALSE) || bindingIsActive(as.name(name), environment)) {
      abort_file(path, sprintf("its field '%s' is a function that would be run", sub(".->", "", name, fixed = TRUE)), call)
    }
    # What is there, or a promise's code, which is not run.
    value <- eval(as.call(list(as.name("substitute"), as.name(name), environment)))
    if (!is.atomic(value)) abort_file(path, sprintf("its field '%s' is no vector but %s", name, typeof(value)), call)
    names <- names(value)
    value <- as.vector(unclass(value))
    names(value) <- names
    value
  }, simplify = FALSE)
}
