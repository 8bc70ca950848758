# Sparse matrices of package Matrix as X: what memApply() and memBlocks() go over is a *compressed form*, in which rows or columns (lines) lie one
# after the other, and which is never made dense.
#
# A form is a value with these attributes: `p`, where each line begins; `i` or `j`, the place along its line of each number, from 0 on; `x`, the
# numbers, absent where all are TRUE; `Dimnames`. An object of the classes below is one as it is; of any other one is made.

# The classes that are a form by rows (1) and by columns (2).
compressed_classes <- list(c("dgRMatrix", "lgRMatrix", "ngRMatrix"), c("dgCMatrix", "lgCMatrix", "ngCMatrix"))

is_compressed <- function(class) class %in% unlist(compressed_classes)

# Whether it is a matrix of package Matrix, and whether that is a sparse one.
is_of_matrix <- function(x) isS4(x) && identical(attr(class(x), "package"), "Matrix")
is_sparse <- function(x) isS4(x) && (is_compressed(class(x)[[1L]]) || inherits(x, "sparseMatrix"))

need_matrix <- function(what, call) {
  if (requireNamespace("Matrix", quietly = TRUE)) return(invisible())
  text <- sprintf("%s needs package 'Matrix', which is not installed; install.packages(\"Matrix\")", what)
  abort("package", text, package = "Matrix", call = call)
}

# A sparse matrix as array_of() describes one; `name` is that of the registered variable, or NULL.
sparse_array <- function(x, name, call) {
  ready <- is_compressed(class(x)[[1L]])
  if (!ready) need_matrix(sprintf("X, a %s,", class(x)[[1L]]), call)
  dimnames <- if (ready) attr(x, "Dimnames") else dimnames(x)
  if (is.null(unlist(dimnames))) dimnames <- NULL
  list(x = x, dim = attr(x, "Dim"), dimnames = plain_dimnames(dimnames), seen = x, sparse = TRUE, name = name)
}

# Its rows or columns as an input. `gives`: what FUN gets of them.
lines_of <- function(matrix, margin, gives, call) {
  if (gives == "sparseVector" || gives == "block") need_matrix(sprintf("FUN that gets a sparse %s", sub("sparseVector", "vector", gives)), call)
  form <- if (is.null(matrix$name)) form_of(matrix, margin, call) else registered_form(matrix, margin, call)
  input <- input_of(form$source, if (margin == 1L) "row" else "column", as.double(matrix$dim))
  input$sparse <- gives
  input$type <- form$type
  # Not by describe(), for which R would load Matrix.
  input$shown <- sprintf("a %s of %s", class(matrix$x)[[1L]], paste(format_count(matrix$dim), collapse = " x "))
  input$of <- paste(gives, kind_of_slices(form$type, input))
  input
}

# The form of a matrix by `margin`: list(source, type). `source` is such a form, or says how one is made of what is stored, which happens as it is
# copied into shared memory (codec/form.rs has the attributes).
form_of <- function(matrix, margin, call) {
  stored <- stored_matrix(matrix$x)
  check_stored(stored, class(matrix$x)[[1L]], call)
  # Of a symmetric matrix the rows are the columns.
  turned <- stored$by != margin && !stored$kind %in% 1:2
  source <- if (turned || stored$kind > 0L || is.null(stored$p)) {
    structure(
      list(), class = "memshare_form", p = stored$p, lines = stored$lines, places = stored$places, x = stored$x, Dimnames = matrix$dimnames,
      how = as.double(c(stored$dim[[margin]], turned, stored$kind)), by = c("rows", "columns")[[margin]]
    )
  } else {
    structure(list(), p = stored$p, i = stored$places, x = stored$x, Dimnames = matrix$dimnames)
  }
  list(source = source, type = if (is.null(stored$x)) "logical" else typeof(stored$x))
}

# What is stored of a matrix: lines `by` rows (1) or columns (2), with `p`, where each begins, or `lines`, where each number has its own; `places`
# along them; `x`, the numbers; and which `kind` of a part it is: 0 all, 1 or 2 a triangle of a symmetric matrix, 3 or 4 one whose diagonal of ones
# is not stored. Of each pair the first has places before its line's number, the second those behind.
stored_matrix <- function(x) {
  class <- class(x)[[1L]]
  is <- function(what) !is_compressed(class) && methods::extends(class, what)
  ready <- is_compressed(class) || is("RsparseMatrix") || is("CsparseMatrix") || is("TsparseMatrix")
  if (!ready) return(stored_matrix(methods::as(x, "CsparseMatrix")))
  by <- if (class %in% compressed_classes[[1L]] || is("RsparseMatrix")) 1L else 2L
  starts <- attr(x, "p")
  kind <- if (is("symmetricMatrix")) 1L else if (is("triangularMatrix") && identical(attr(x, "diag"), "U")) 3L else 0L
  # The upper triangle is before the diagonal in columns, and behind it in rows.
  if (kind > 0L && identical(attr(x, "uplo"), "U") != (by == 2L)) kind <- kind + 1L
  list(
    p = starts, lines = if (is.null(starts)) attr(x, "j"), places = attr(x, if (by == 1L) "j" else "i"), x = attr(x, "x"), dim = attr(x, "Dim"), by = by,
    kind = kind
  )
}

# Right or an error, before anything runs.
check_stored <- function(stored, class, call) {
  refuse <- function(problem) abort_input(sprintf("X is no valid %s: %s; validObject(X) says more", class, problem), call)
  if (!is.integer(stored$dim) || length(stored$dim) != 2L || anyNA(stored$dim) || any(stored$dim < 0L)) refuse("its slot Dim is not two whole numbers")
  if (stored$kind > 0L && stored$dim[[1L]] != stored$dim[[2L]]) refuse("it is not square")
  firsts <- if (is.null(stored$p)) stored$lines else stored$p
  if (!is.integer(firsts) || !is.integer(stored$places)) refuse("its slots p and i or j are not integers")
  if (!is.null(stored$x) && (!typeof(stored$x) %in% c("logical", "integer", "double", "complex") || length(stored$x) != length(stored$places))) {
    refuse("its slot x is not a vector with a number for each place")
  }
  extent <- as.double(c(stored$dim[c(stored$by, 3L - stored$by)], stored$kind))
  bad <- native(ms_sparse_fault(stored$p, stored$lines, stored$places, extent), call)
  if (bad < 0) refuse("its slot p does not rise from 0 to the number of its entries")
  if (bad > 0 && is.null(stored$p)) refuse(sprintf("number %.0f of its slots i and j is beyond the matrix, or its triangle", bad))
  if (bad > 0) refuse(sprintf("the places in %s %.0f are not increasing, or beyond the matrix, or its triangle", c("row", "column")[[stored$by]], bad))
}

# The form of a registered variable, checked and made once: the variable itself, or a view of another page that has no name.
registered_form <- function(matrix, margin, call) {
  name <- matrix$name
  serial <- known_of(name[[1L]], name[[2L]], call)$serial
  key <- paste(c(name, margin), collapse = "\n")
  known <- state$forms[[key]]
  if (!identical(known$serial, serial)) {
    form <- form_of(matrix, margin, call)
    form$source <- if (class(matrix$x)[[1L]] %in% compressed_classes[[margin]]) by_name(name) else shared_form(form$source, call)
    known <- c(form, list(serial = serial, name = name, margin = margin))
    state$forms[[key]] <- known
  }
  known
}

# Of the form of a registered variable that is another page: the variable's `name` and the `margin`; else NULL.
form_behind <- function(source) {
  if (is.object(source)) return(NULL)
  for (form in state$forms) if (identical(form$source, source)) return(form[c("name", "margin")])
  NULL
}

# A view of a value in shared memory that goes with the view.
shared_form <- function(form, call) {
  space <- sprintf("memshare forms of %d", Sys.getpid())
  with_room(function() ms_register(space, list(form = form)), call)
  on.exit(native(ms_release_variables(space, "form")))
  peek(c(space, "form"), call)
}

# Registered variables are released: so are the forms of them.
forget_forms <- function(namespace, names) {
  gone <- vapply(state$forms, function(form) form$name[[1L]] == namespace && form$name[[2L]] %in% names, NA)
  if (any(gone)) state$forms[gone] <- NULL
}

# What apply() sees where there is nothing to go over.
empty_matrix <- function(input) matrix(vector(input$type, 0L), input$dim[[1L]], input$dim[[2L]])
