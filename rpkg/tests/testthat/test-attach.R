# Matrices in files of other programs: what is read is what those programs hold, in place where it can be; what is damaged, cut off or hostile is an
# error of its class, and nothing is run.
skip_on_cran()

attached <- function(file, ...) {
  in_place <- memAttach("attach", "x", file, ...)
  on.exit(memshare_gc("attach"))
  list(in_place, retrieveViews("attach", "x")$x)
}

scratch <- function() {
  directory <- tempfile("memshare-attach-")
  dir.create(directory)
  directory
}

npy <- function(literal, items, version = 1L) {
  path <- tempfile(fileext = ".npy")
  length <- writeBin(nchar(literal), raw(), size = if (version == 1L) 2L else 4L, endian = "little")
  writeBin(c(as.raw(c(0x93, utf8ToInt("NUMPY"), version, 0)), length, charToRaw(literal), items), path)
  path
}

# A header whose items begin at a multiple of 64, as NumPy makes them.
header <- function(descr, fortran, shape) {
  literal <- sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr, if (fortran) "True" else "False", shape)
  paste0(formatC(literal, width = -117), "\n")
}

refused <- function(path, text, class = "memshare_error_file", ...) {
  error <- expect_error(memAttach("attach", "x", path, ...), text, class = class)
  expect_identical(pageList(), character())
  error
}

test_that("NumPy's arrays come in both orders, and doubles in Fortran order are read in place", {
  items <- writeBin(as.double(1:12), raw(), endian = "little")
  for (version in 1:3) {
    path <- npy(header("<f8", TRUE, "(4, 3)"), items, version)
    expect_identical(attached(path), list(version == 1L, matrix(as.double(1:12), 4)))
    expect_identical(attached(npy(header("<f8", FALSE, "(4, 3)"), items, version)), list(FALSE, matrix(as.double(1:12), 4, byrow = TRUE)))
    unlink(path)
  }
  expect_identical(attached(npy(header("<f8", FALSE, "(12,)"), items))[[2L]], as.double(1:12))
  expect_identical(attached(npy(header("<f8", FALSE, "()"), items))[[2L]], 1)
  expect_identical(attached(npy(header("<f8", FALSE, "(0, 3)"), raw()))[[2L]], matrix(0, 0, 3))
  expect_identical(attached(npy(header("<f8", FALSE, "(2, 3, 2)"), items))[[2L]], aperm(array(as.double(1:12), c(2, 3, 2))))
})

test_that("what NumPy writes is what NumPy has", {
  skip_on_cran()
  python <- "/usr/bin/python3"
  skip_if_not(file.exists(python) && system2(python, c("-c", shQuote("import numpy")), stdout = FALSE, stderr = FALSE) == 0, "no NumPy")
  directory <- scratch()
  on.exit(unlink(directory, recursive = TRUE))
  script <- tempfile(fileext = ".py")
  writeLines(c(
    "import numpy as np, sys, os", "d = sys.argv[1]", "a = np.arange(5 * 7).reshape(5, 7) - 9",
    "for order in 'CF':",
    "  for t in ['<f8', '>f8', '<f4', '>f4', '<f2', '<i4', '>i4', '<i8', '>i8', '<i2', '>i2', 'i1', '<c16', '<c8', '?']:",
    "    np.save(os.path.join(d, t.replace('<', 'l').replace('>', 'b').replace('?', 'bool') + order + '.npy'), np.array(a.astype(t), order=order))",
    "  for t in ['u1', '<u2', '<u4', '<u8']:",
    "    np.save(os.path.join(d, t.replace('<', 'l') + order + '.npy'), np.array((a + 9).astype(t), order=order))",
    "np.save(os.path.join(d, 'text.npy'), np.array(['a', 'b']))",
    "np.save(os.path.join(d, 'time.npy'), np.array(['2020-01-01'], dtype='M8[D]'))",
    "np.save(os.path.join(d, 'parts.npy'), np.zeros(2, dtype=[('a', '<f8'), ('b', '<i4')]))",
    "np.save(os.path.join(d, 'object.npy'), np.array([None, 1], dtype=object))"
  ), script)
  expect_identical(system2(python, c(script, directory)), 0L)
  a <- matrix(0:34 - 9L, 5, byrow = TRUE)
  double <- a + 0
  unsigned <- a + 9L
  wanted <- list(
    lf8 = double, bf8 = double, lf4 = double, bf4 = double, lf2 = double, li4 = a, bi4 = a, li8 = double, bi8 = double, li2 = a, bi2 = a, i1 = a,
    lc16 = a + 0i, lc8 = a + 0i, bool = a != 0L, u1 = unsigned, lu2 = unsigned, lu4 = unsigned + 0, lu8 = unsigned + 0
  )
  for (type in names(wanted)) for (order in c("C", "F")) {
    got <- attached(file.path(directory, paste0(type, order, ".npy")))
    expect_identical(got[[2L]], wanted[[type]], label = paste(type, order))
    expect_identical(got[[1L]], order == "F" && type %in% c("lf8", "li4", "lc16"), label = paste(type, order, "in place"))
  }
  refused(file.path(directory, "text.npy"), "<U1")
  refused(file.path(directory, "time.npy"), "<M8")
  refused(file.path(directory, "parts.npy"), "named parts")
  refused(file.path(directory, "object.npy"), "\\|O")
})

test_that("headers that are damaged or hostile are refused, and files that are too short", {
  items <- writeBin(as.double(1:12), raw())
  bad <- function(text, shape, ...) refused(npy(header("<f8", FALSE, shape), items), text, ...)
  bad("too short", "(4, 4)")
  bad("negative", "(-4, 3)")
  bad("beyond all sizes", "(99999999999999999999, 2)")
  bad("beyond what R has", "(4294967296, 4294967296)")
  bad("beyond what R has", "(9007199254740993,)")
  bad("too short", "(20000000, 20000000)")
  refused(npy("{'descr': __import__('os').system('touch /tmp/x'), }", items), "quotes")
  refused(npy("{'descr': '<f8'", items), "is missing")
  refused(npy(strrep("(", 60000), items), "'\\{' is missing")
  path <- npy(header("<f8", FALSE, "(4, 3)"), items)
  whole <- readBin(path, "raw", 1e4)
  for (bytes in c(0, 3, 8, 9, 11, 60, length(whole) - 1)) {
    cut <- tempfile(fileext = ".npy")
    writeBin(whole[seq_len(bytes)], cut)
    refused(cut, "NumPy|too short")
  }
  refused(npy(header("<i8", FALSE, "(1,)"), as.raw(c(1, 0, 0, 0, 0, 0, 0x20, 0))), "9007199254740993, which no double holds")
  refused(tempfile(fileext = ".npy"), "no such file")
  refused("x.txt", "ending", class = "memshare_error_input")
  refused(c("a.npy", "b.npy"), "path of one file", class = "memshare_error_input")
  refused("a.npy", "dataset is for HDF5", class = "memshare_error_input", dataset = "d")
})

test_that("a file that changed is an error at the next run", {
  path <- npy(header("<f8", TRUE, "(4, 3)"), writeBin(as.double(1:12), raw()))
  memAttach("attach", "x", path)
  on.exit(memshare_gc("attach"))
  expect_identical(memApply("x", 1, sum, NAMESPACE = "attach", MAX.CORES = 1), lapply(1:4, function(i) sum(seq(i, 12, 4))))
  writeBin(raw(150), path)
  expect_error(memApply("x", 2, sum, NAMESPACE = "attach", MAX.CORES = 1), "too short", class = "memshare_error_file")
})

desc <- function(directory, ..., text = NULL) {
  fields <- list(
    sharedType = "FileBacked", filename = "m.bk", dirname = "/nowhere", totalRows = 4L, totalCols = 3L, rowOffset = c(0, 4), colOffset = c(0, 3), nrow = 4,
    ncol = 3, rowNames = NULL, colNames = NULL, type = "double", separated = FALSE
  )
  given <- list(...)
  fields[names(given)] <- given
  path <- file.path(directory, "m.desc")
  if (is.null(text)) text <- sprintf("new(\"big.matrix.descriptor\", description = %s)", paste(deparse(fields), collapse = "\n"))
  writeLines(text, path)
  path
}

test_that("a big.matrix that bigmemory wrote is what bigmemory has", {
  skip_on_cran()
  skip_if_not_installed("bigmemory")
  directory <- scratch()
  on.exit(unlink(directory, recursive = TRUE))
  code <- c(
    "suppressMessages(library(bigmemory)); options(bigmemory.typecast.warning = FALSE)", sprintf("d <- '%s'", directory),
    "for (t in c('char', 'short', 'integer', 'float', 'double', 'raw')) for (s in c(FALSE, TRUE)) {",
    "  n <- paste0(t, s)",
    "  b <- big.matrix(5, 3, type = t, separated = s, backingfile = paste0(n, '.bk'), backingpath = d, descriptorfile = paste0(n, '.desc'),",
    "    dimnames = if (t == 'double') list(letters[1:5], c('u', '\\u00e4', 'w')))",
    "  b[, ] <- if (t == 'raw') as.raw(1:15) else 1:15",
    "  if (t != 'raw') b[2, 2] <- NA",
    "  flush(b); saveRDS(b[, ], file.path(d, paste0(n, '.value')))",
    "  if (!s) { u <- sub.big.matrix(b, firstRow = 2, lastRow = 4, firstCol = 2); dput(describe(u), file.path(d, paste0(n, '-part.desc')))",
    "    saveRDS(u[, ], file.path(d, paste0(n, '-part.value'))) }",
    "}"
  )
  run_r(code)
  files <- list.files(directory, "[.]desc$", full.names = TRUE)
  expect_length(files, 18L)
  for (file in files) {
    got <- attached(file)
    expect_identical(got[[2L]], readRDS(sub("desc$", "value", file)), label = basename(file))
    expect_identical(got[[1L]], grepl("(integer|double|raw)FALSE.desc$", file), label = basename(file))
  }
  moved <- scratch()
  file.rename(file.path(directory, c("doubleFALSE.desc", "doubleFALSE.bk")), file.path(moved, c("doubleFALSE.desc", "doubleFALSE.bk")))
  expect_true(attached(file.path(moved, "doubleFALSE.desc"))[[1L]])
  file.rename(file.path(moved, "doubleFALSE.bk"), file.path(directory, "doubleFALSE.bk"))
  expect_true(attached(file.path(moved, "doubleFALSE.desc"))[[1L]])
  unlink(moved, recursive = TRUE)
})

test_that("descriptors are parsed and never evaluated; what does not fit is refused", {
  directory <- scratch()
  on.exit(unlink(directory, recursive = TRUE))
  data <- file.path(directory, "m.bk")
  writeBin(as.double(1:12), data)
  m <- matrix(as.double(1:12), 4)
  expect_identical(attached(desc(directory)), list(TRUE, m))
  expect_identical(attached(desc(directory, filename = data))[[2L]], m)
  named <- list(letters[1:4], NULL)
  expect_identical(attached(desc(directory, rowNames = letters[1:4]))[[2L]], matrix(m, 4, dimnames = named))
  part <- desc(directory, rowOffset = c(1, 2), nrow = 2, colOffset = c(1, 1), ncol = 1)
  expect_identical(attached(part), list(TRUE, m[2:3, 2, drop = FALSE]))
  part <- desc(directory, rowOffset = c(1, 2), nrow = 2, colOffset = c(1, 2), ncol = 2)
  expect_identical(attached(part), list(FALSE, m[2:3, 2:3]))
  bad <- function(text, ...) refused(desc(directory, ...), text)
  bad("too short: 128 bytes needed, it has 96", nrow = 4, ncol = 4, totalCols = 4L)
  bad("'nrow' must be", nrow = -4)
  bad("'nrow' must be", nrow = 1e12)
  bad("'nrow' must be", nrow = NA_real_)
  bad("'ncol' must be", ncol = "3")
  bad("beyond its matrix", ncol = 4)
  bad("beyond its matrix", rowOffset = c(1, 4))
  bad("'colOffset' must be", colOffset = c(-1, 3))
  bad("type 'complex'", type = "complex")
  bad("'rowNames' must be", rowNames = c("a", "b"))
  bad("in memory alone", sharedType = "SharedMemory")
  bad("no such file", filename = "other.bk")
  bad("no such file", separated = TRUE)
  bad("'separated' must be", separated = "yes")
  touched <- file.path(directory, "touched")
  hostile <- sprintf("system('touch %s')", touched)
  whole <- paste(readLines(desc(directory)), collapse = "\n")
  for (text in c(
    hostile, sprintf("new('big.matrix.descriptor', description = %s)", hostile), sub("4L", hostile, whole), sub("list(", sprintf("list(x = %s, ", hostile), whole, fixed = TRUE),
    paste0(whole, "\n", hostile), sub("= 4,", sprintf("= c(%s, 1),", hostile), whole), sub("\"double\"", "(function() 'double')()", whole),
    "", "new(", strrep("(", 10000), "new('big.matrix.descriptor', description = 3)", substr(whole, 1, 150), "\001\002\377"
  )) {
    refused(desc(directory, text = text), "no descriptor of a big.matrix")
  }
  expect_false(file.exists(touched))
  unlink(desc(directory))
  dir.create(file.path(directory, "m.desc"))
  refused(file.path(directory, "m.desc"), "not a regular file")
})

test_that("an FBM is what its fields say", {
  directory <- scratch()
  on.exit(unlink(directory, recursive = TRUE))
  path <- file.path(directory, "f.rds")
  data <- file.path(directory, "f.bk")
  # The class as bigstatsr defines it, in a session of its own: this one does not know it.
  save_fbm <- function(fields, class = "FBM") {
    values <- tempfile()
    saveRDS(fields, values)
    run_r(c(
      "made <- setRefClass('FBM', fields = list(extptr = 'ANY', nrow = 'integer', ncol = 'integer', type = 'integer', backingfile = 'character', is_read_only = 'logical'))",
      "coded <- setRefClass('FBM.code256', contains = 'FBM', fields = list(code256 = 'numeric'))",
      sprintf("saveRDS(do.call(if ('%s' == 'FBM') made$new else coded$new, readRDS('%s')), '%s')", class, values, path)
    ))
  }
  m <- matrix(as.double(1:12), 4)
  fields <- list(nrow = 4L, ncol = 3L, type = c(double = 8L), backingfile = "/nowhere/f.bk", is_read_only = FALSE)
  writeBin(as.double(1:12), data)
  save_fbm(fields)
  expect_identical(attached(path), list(TRUE, m))
  save_fbm(utils::modifyList(fields, list(ncol = 4L)))
  refused(path, "too short")
  save_fbm(utils::modifyList(fields, list(ncol = -4L)))
  refused(path, "'ncol' must be")
  save_fbm(utils::modifyList(fields, list(type = c(half = 9L))))
  refused(path, "type 'half'")
  whole <- readBin(path, "raw", 1e6)
  writeBin(whole[seq_len(length(whole) %/% 2)], path)
  refused(path, "readRDS\\(\\) fails")
  saveRDS(list(nrow = 4L), path)
  refused(path, "no FBM")
  writeBin(as.raw(0:11), data)
  save_fbm(utils::modifyList(fields, list(type = c("unsigned char" = 1L))))
  expect_identical(attached(path), list(TRUE, matrix(as.raw(0:11), 4)))
  save_fbm(c(utils::modifyList(fields, list(type = c("unsigned char" = 1L))), list(code256 = c(0, 1, 2, NA, (4:255) / 2))), "FBM.code256")
  expect_identical(attached(path), list(FALSE, matrix(c(0, 1, 2, NA, (4:11) / 2), 4)))
  elsewhere <- file.path(directory, "other.bk")
  file.rename(data, elsewhere)
  save_fbm(utils::modifyList(fields, list(type = c("unsigned char" = 1L), backingfile = elsewhere)))
  expect_true(attached(path)[[1L]])
})

test_that("nothing in an .rds is run", {
  directory <- scratch()
  on.exit(unlink(directory, recursive = TRUE))
  path <- file.path(directory, "f.rds")
  touched <- file.path(directory, "touched")
  hostile <- function(how) {
    run_r(c(
      "made <- setRefClass('FBM', fields = list(ncol = 'integer'))", "x <- made$new(ncol = 3L)", "e <- as.environment(x)",
      sprintf(how, sprintf("{ system('touch %s'); 4L }", touched)), sprintf("saveRDS(x, '%s')", path)
    ))
    unlink(touched)
    refused(path, "would be run|no vector|nrow")
    expect_false(file.exists(touched))
  }
  hostile("delayedAssign('nrow', %s, assign.env = e)")
  hostile("makeActiveBinding('nrow', function() %s, e)")
})

test_that("HDF5 and delayed arrays are loaded block by block", {
  skip_on_cran()
  skip_if_not_installed("rhdf5")
  path <- tempfile(fileext = ".h5")
  on.exit(unlink(path))
  m <- matrix(rnorm(600), 20)
  run_r(c(
    sprintf("f <- '%s'; rhdf5::h5createFile(f); rhdf5::h5createGroup(f, 'g')", path),
    "set.seed(1); rhdf5::h5write(matrix(as.double(1:600), 20), f, 'g/m'); rhdf5::h5write(1:7, f, 'i'); rhdf5::h5write(letters, f, 's')"
  ))
  expect_identical(attached(path, dataset = "g/m"), list(FALSE, matrix(as.double(1:600), 20)))
  expect_identical(c(attached(path, dataset = "/i")[[2L]]), 1:7)
  refused(path, "no dataset 'x'", dataset = "x")
  refused(path, "no number", dataset = "s")
  refused(path, "dataset must name", class = "memshare_error_input")
  refused(tempfile(fileext = ".h5"), "no such file", dataset = "x")
  writeBin(raw(100), path)
  refused(path, "rhdf5 cannot read it", dataset = "x")
  skip_if_not_installed("DelayedArray")
  dimnames(m) <- list(NULL, paste0("g", 1:30))
  delayed <- DelayedArray::DelayedArray(m) * 2
  expect_identical(attached(delayed)[[2L]], m * 2)
})

test_that("a package that is missing is named", {
  skip_if(requireNamespace("rhdf5", quietly = TRUE), "rhdf5 is installed")
  path <- tempfile(fileext = ".h5")
  file.create(path)
  on.exit(unlink(path))
  error <- refused(path, "BiocManager::install", class = "memshare_error_package", dataset = "x")
  expect_identical(error$package, "rhdf5")
})
