# Matrices in files of other programs, as variables: what such a file says of itself is looked at here, and never evaluated. The items are
# read in place or converted by native code (`attach_api.rs`).

#' Use a matrix in a file of another program as a shared variable
#'
#' `memAttach()` registers what a file holds as a variable, which [memApply()] and its like take by name and [retrieveViews()] gives:
#' \describe{
#'   \item{`.desc`}{the descriptor of a file-backed `big.matrix` of package bigmemory, also one of a `sub.big.matrix()`}
#'   \item{`.rds`}{a saved `FBM` or `FBM.code256` of package bigstatsr}
#'   \item{`.npy`}{an array saved by NumPy, versions 1 to 3, in C or Fortran order}
#'   \item{`.h5`, `.hdf5`}{a `dataset` of an HDF5 file, by package rhdf5}
#'   \item{a `DelayedMatrix` or `DelayedArray`}{the object itself, of package DelayedArray or HDF5Array, instead of a path}
#' }
#' None of these packages but the last two is needed.
#'
#' @section What is read in place and what is converted:
#' Doubles, 4-byte integers, complex numbers and raw bytes in the machine's byte order are read where they lie, as [memMap()] reads them, however
#' big the file is: nothing is copied, and the file is checked as described there whenever the variable is opened. All else is converted once,
#' by several threads, into shared memory, and the file is not needed any more:
#' \itemize{
#'   \item `float` (and NumPy's `f2`, `f4`), `u4`, `i8` and `u8` become doubles. A whole number that no double holds exactly is an error that names it.
#'   \item `char`, `short` (`i1`, `i2`, `u1`, `u2`) become integers, and `b1` logicals. The lowest `char`, `short` and `integer` of a `big.matrix` is `NA`, as
#'     bigmemory has it. Of NumPy's integers it is a number, but for `i4`, where R has no such number: there it is `NA`.
#'   \item The numbers of the other byte order.
#'   \item Arrays of two and more dimensions in NumPy's C order (rows): they are turned.
#'   \item A big.matrix with `separated = TRUE`, whose columns are files of their own; and some rows of several columns.
#'   \item An `FBM.code256`: the doubles that its codes stand for. (An `FBM` of type `unsigned char` is raw, as in bigstatsr.)
#'   \item HDF5 and delayed arrays are loaded by the workers, block by block. [memWrite()] may change such a variable. Others see it from the beginning on,
#'     zeros where nothing was loaded yet.
#' }
#' An item type that R has no vector for is a `memshare_error_file` that names it.
#'
#' @section Where the data is looked for:
#' The data of a `.desc` file is the file that it names: beside the `.desc` or, where it is not there, in the directory that it names. An absolute path is
#' taken as it is. The data of an `.rds` is the `.bk` of the same name beside it or, where there is none, the path that was saved.
#'
#' @section Trust:
#' A `.desc` is R code and a NumPy header is Python code; both are read as text and never evaluated. Of an `.rds` its fields alone are used, and what would
#' run when it is looked at (promises, active bindings) is an error. R itself reads it, by [readRDS()]: give none that you would not give that.
#'
#' @inheritParams registerVariables
#' @param name The variable's name.
#' @param file The file's path, whose ending says what it is; or a DelayedArray.
#' @param dataset Of an HDF5 file: the dataset's name, `"group/data"`.
#' @return Invisibly whether the data is read in place: `FALSE` where it was converted into shared memory.
#' @seealso [memMap()] for files that hold items alone; [releaseVariables()]
#' @examples
#' # A file as NumPy writes it: a header, then the items.
#' file <- tempfile(fileext = ".npy")
#' header <- sprintf("%-117s\n", "{'descr': '<f8', 'fortran_order': True, 'shape': (4, 3), }")
#' begin <- as.raw(c(0x93, utf8ToInt("NUMPY"), 1, 0, nchar(header), 0))
#' items <- writeBin(as.double(1:12), raw(), endian = "little")
#' writeBin(c(begin, charToRaw(header), items), file)
#' memAttach("demo", "m", file)
#' retrieveViews("demo", "m")$m
#' memApply("m", 2, sum, NAMESPACE = "demo", MAX.CORES = 1)
#' memshare_gc("demo")
#' unlink(file)
#' @export
memAttach <- function(namespace, name, file, dataset = NULL) {
  call <- sys.call()
  check_given(c(namespace = missing(namespace), name = missing(name), file = missing(file)), call)
  namespace <- check_namespace(namespace, call)
  name <- check_string(name, "name", call)
  configure_place()
  if (isS4(file) && inherits(file, "DelayedArray")) return(invisible(load_blocks(namespace, name, delayed_source(file, call), call)))
  if (!is.character(file) || length(file) != 1L || is.na(file) || !nzchar(file)) {
    abort_input(sprintf("file must be the path of one file, or a DelayedArray, not %s", describe(file)), call)
  }
  kind <- tolower(sub(".*[.]", "", basename(file)))
  if (kind %in% c("h5", "hdf5", "hdf")) return(invisible(load_blocks(namespace, name, hdf5_source(file, dataset, call), call)))
  if (!is.null(dataset)) abort_input("dataset is for HDF5 files (.h5, .hdf5)", call)
  path <- normalizePath(file, mustWork = FALSE)
  from <- switch(kind,
    npy = npy_array(path, call), desc = described_array(path, call), rds = fbm_array(path, call),
    abort_input(sprintf("the ending of file, '%s', must be .desc, .rds, .npy, .h5 or .hdf5", basename(file)), call)
  )
  from$dim <- as.double(from$dim)
  invisible(with_room(function() ms_attach(namespace, name, from), call))
}

npy_array <- function(path, call) {
  header <- native(ms_npy_header(path_bytes(path)), call)
  dim <- header$dim
  if (!grepl("^[<>=|](b1|[iu][1248]|f[248]|c8|c16)$", header$item)) {
    abort_file(path, sprintf("its items are of NumPy's type '%s', which is none of b1, i1 to i8, u1 to u8, f2, f4, f8, c8, c16", header$item), call)
  }
  if (length(dim) > 1L && any(dim > .Machine$integer.max) || prod(dim) > 2^52) {
    abort_file(path, sprintf("its shape, %s, is beyond what R has", paste(format_count(dim), collapse = " x ")), call)
  }
  one_part(path, header$item, if (length(dim)) dim else 1, offset = header$at, rows = header$rows)
}
