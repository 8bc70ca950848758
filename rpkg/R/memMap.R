# Variables that are not copied in: the content of a file, mapped where it lies.

#' Use a binary file as a shared variable, without loading it
#'
#' `memMap()` registers a file of numbers as a variable. Nothing is read or copied: the file's pages are brought in as they are used,
#' by whichever process uses them, and the system drops them again when memory is short. So the variable may be bigger than the
#' machine's memory.
#'
#' The file holds nothing but items, one after the other, in the machine's own byte order, as `writeBin()` and most other programs
#' write them: 8 bytes for a double, 4 for an integer or a logical (0, 1, or the lowest integer for `NA`), 16 for a complex number, 1
#' for a raw byte. A matrix or array stands in it column by column (column-major), as R keeps it.
#'
#' What is registered is a variable like any other: [retrieveViews()] gives a view of it, [memApply()] and [memLapply()] take its
#' name, other R sessions of yours find it, and [releaseVariables()] takes the name away. The file is never removed. Views are
#' copy-on-write as always: what R code changes in one stays in its process. To write to the file, give `writable = TRUE` and use
#' [memWrite()].
#'
#' @section When the file changes:
#' Another program may write to the file while it is mapped; views then show what it wrote. Whenever the variable is opened, its file must
#' still be the same file (not another one under its name) and as long as needed, or the error is of class
#' `memshare_error_file`. A file that is *shortened while it is mapped* ends the R process that next reads beyond its new end,
#' by a signal (SIGBUS) that no check can prevent: shorten or replace such a file only when nobody has it mapped, see [memWhy()].
#'
#' @inheritParams registerVariables
#' @param name The variable's name.
#' @param file The file's path.
#' @param type The items' type: `"double"`, `"integer"`, `"logical"`, `"complex"` or `"raw"`.
#' @param dim `NULL` for a vector of all items from `offset` to the end; one number for a vector of that length; two or more for a
#'   matrix or an array.
#' @param offset The byte at which the first item begins: a multiple of the item's size, of 8 for complex numbers.
#' @param writable Whether [memWrite()] may write to the file.
#' @return `NULL`, invisibly.
#' @seealso [memAllocate()] for a variable in shared memory that can be written into; [memWhy()]
#' @examples
#' file <- tempfile()
#' writeBin(as.double(1:12), file)
#' memMap("demo", "m", file, "double", dim = c(4, 3))
#' retrieveViews("demo", "m")$m
#' memApply("m", 2, sum, NAMESPACE = "demo", MAX.CORES = 1)
#' memshare_gc("demo")
#' unlink(file)
#' @export
memMap <- function(namespace, name, file, type, dim = NULL, offset = 0, writable = FALSE) {
  call <- sys.call()
  check_given(c(namespace = missing(namespace), name = missing(name), file = missing(file), type = missing(type)), call)
  namespace <- check_namespace(namespace, call)
  name <- check_string(name, "name", call)
  if (!is.character(file) || length(file) != 1L || is.na(file) || !nzchar(file)) {
    abort_input(sprintf("file must be the path of one file, not %s", describe(file)), call)
  }
  type <- check_type(type, call)
  dim <- if (!is.null(dim)) check_dim(dim, call)
  offset <- check_count(offset, "offset", 0, call, optional = FALSE)
  writable <- check_flag(writable, "writable", call)
  # The bytes by which the system knows the file, from the root: other processes have other working directories.
  path <- charToRaw(enc2native(normalizePath(file, mustWork = FALSE)))
  configure_place()
  part <- list(path = path, offset = offset, writable = writable)
  with_room(function() ms_map_file(namespace, name, part, type, dim), call)
  invisible(NULL)
}

plain_types <- c("double", "integer", "logical", "complex", "raw")

check_type <- function(type, call) {
  if (!is.character(type) || length(type) != 1L || !type %in% plain_types) {
    abort_input(sprintf("type must be one of %s, not %s", paste0('"', plain_types, '"', collapse = ", "), describe(type)), call)
  }
  type
}

# Extents as doubles. One alone is a length, and may be beyond an integer; more are a dim attribute, and may not.
check_dim <- function(dim, call) {
  limit <- if (length(dim) > 1L) .Machine$integer.max else 2^52
  if (!is.numeric(dim) || is.object(dim) || !length(dim) || anyNA(dim) || any(dim < 0 | dim > limit | dim != floor(dim))) {
    abort_input(sprintf("dim must be whole numbers from 0 to %.0f, not %s", limit, describe(dim)), call)
  }
  if (prod(dim) > 2^52) abort_input("dim asks for more items than a vector can have (2^52): give smaller extents", call)
  as.double(dim)
}
