# Arrays that only a package can read (HDF5, delayed ones), loaded into a variable: workers read blocks of them and write them where they belong.

# About so many bytes are read at a time.
load_bytes <- 2^23

need_reader <- function(package, what, call) {
  if (requireNamespace(package, quietly = TRUE)) return(invisible())
  text <- sprintf("%s needs package '%s', which is not installed; BiocManager::install(\"%s\"), on Debian r-bioc-%s", what, package, package, tolower(package))
  abort("package", text, package = package, call = call)
}

# A source: `path` for errors, `dim`, `dimnames`, `type`, and `read`, a function of the source and an index that gives an array.
hdf5_source <- function(file, dataset, call) {
  if (!is.character(dataset) || length(dataset) != 1L || is.na(dataset)) {
    abort_input(sprintf("dataset must name one dataset of the HDF5 file, like \"group/data\", not %s", describe(dataset)), call)
  }
  path <- normalizePath(file, mustWork = FALSE)
  if (!file.exists(path)) abort_file(path, "there is no such file", call)
  need_reader("rhdf5", "an HDF5 file", call)
  found <- tryCatch(rhdf5::h5ls(path, all = TRUE), error = function(e) abort_file(path, paste("rhdf5 cannot read it:", conditionMessage(e)), call))
  row <- found[sub("^/+", "", file.path(found$group, found$name)) == sub("^/+", "", dataset) & found$otype == "H5I_DATASET", ]
  if (nrow(row) != 1L) abort_file(path, sprintf("it has no dataset '%s'", dataset), call)
  type <- hdf5_type(row$dclass, row$dtype)
  if (is.na(type)) abort_file(path, sprintf("the items of '%s' are of HDF5's type %s (%s), which is no number", dataset, row$dclass, row$dtype), call)
  dim <- if (nzchar(row$dim)) as.double(strsplit(row$dim, " x ", fixed = TRUE)[[1L]]) else NA
  if (anyNA(dim)) abort_file(path, sprintf("'%s' is no array", dataset), call)
  list(path = path, dim = dim, dimnames = NULL, type = type, whole = row$dclass == "INTEGER", dataset = dataset, read = read_hdf5)
}

# Whole numbers that an integer may not hold are doubles.
hdf5_type <- function(class, type) {
  if (identical(class, "FLOAT")) return("double")
  if (!identical(class, "INTEGER")) return(NA_character_)
  if (grepl("_(I8|I16|I32|U8|U16)(LE|BE)$", type)) "integer" else "double"
}

# Runs on a worker.
read_hdf5 <- function(source, index) {
  value <- as.vector(rhdf5::h5read(source$path, source$dataset, index = index, bit64conversion = "double"))
  if (source$type == "integer") return(value)
  if (source$whole && any(abs(value) >= 2^53)) stop("it has a whole number that no double holds exactly", call. = FALSE)
  as.double(value)
}

delayed_source <- function(x, call) {
  need_reader("DelayedArray", "a DelayedArray", call)
  type <- DelayedArray::type(x)
  if (!type %in% plain_types) abort_input(sprintf("the items of the DelayedArray are of type '%s'; memAttach() takes %s", type, paste(plain_types, collapse = ", ")), call)
  list(path = class(x)[[1L]], dim = as.double(dim(x)), dimnames = dimnames(x), type = type, x = x, read = read_delayed)
}

# Runs on a worker.
read_delayed <- function(source, index) as.vector(DelayedArray::extract_array(source$x, index))

# Loads a source into a variable; gives FALSE, for it is not read in place.
load_blocks <- function(namespace, name, source, call) {
  dim <- check_dim(source$dim, call)
  with_room(function() ms_allocate(namespace, name, source$type, dim, source$dimnames), call)
  done <- FALSE
  on.exit(if (!done) native(ms_release_variables(namespace, name), call))
  last <- dim[[length(dim)]]
  if (prod(dim) > 0) {
    size <- max(1, floor(load_bytes / (8 * prod(dim) / last)))
    starts <- seq(1, last, by = size)
    blocks <- lapply(starts, function(from) c(from, min(last, from + size - 1)))
    into <- list(namespace = namespace, name = name)
    tryCatch(
      memLapply(blocks, load_block, VARS = list(source = source, into = into)),
      memshare_error_element = function(e) abort_file(source$path, conditionMessage(own_condition(e)), call)
    )
  }
  done <- TRUE
  FALSE
}

# Runs on a worker: part of the last dimension.
load_block <- function(block, source, into) {
  index <- rep(list(NULL), length(source$dim))
  index[[length(index)]] <- seq(block[[1L]], block[[2L]])
  value <- source$read(source, index)
  attributes(value) <- NULL
  memWrite(into$namespace, into$name, value, index)
  NULL
}
