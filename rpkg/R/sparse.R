# Sparse matrices of package Matrix as X: what memApply() and memBlocks() go over is a *compressed form*, in which rows or columns (lines) lie one
# after the other, and which is never made dense.
#
# A form is a value with these attributes: `p`, where each line begins; `i` or `j`, the place along its line of each number, from 0 on; `x`, the
# numbers, absent where all are TRUE; `Dimnames`. An object of the classes below is one as it is; of any other one is made.

# The classes that are a form by rows (1) and by columns (2).
compressed_classes <- list(c("dgRMatrix", "lgRMatrix", "ngRMatrix"), c("dgCMatrix", "lgCMatrix", "ngCMatrix"))

# Whether it is a matrix of package Matrix, and whether that is a sparse one.
is_of_matrix <- function(x) isS4(x) && identical(attr(class(x), "package"), "Matrix")
is_sparse <- function(x) isS4(x) && (class(x)[[1L]] %in% unlist(compressed_classes) || inherits(x, "sparseMatrix"))

need_matrix <- function(what, call) {
  if (requireNamespace("Matrix", quietly = TRUE)) return(invisible())
  text <- sprintf("%s needs package 'Matrix', which is not installed; install.packages(\"Matrix\")", what)
  abort("package", text, package = "Matrix", call = call)
}

# A sparse matrix as array_of() describes one; `name` is that of the registered variable, or NULL.
sparse_array <- function(x, name, call) {
  ready <- class(x)[[1L]] %in% unlist(compressed_classes)
  if (!ready) need_matrix(sprintf("X, a %s,", class(x)[[1L]]), call)
  dimnames <- if (ready) attr(x, "Dimnames") else dimnames(x)
  if (is.null(unlist(dimnames))) dimnames <- NULL
  list(x = x, dim = attr(x, "Dim"), dimnames = plain_dimnames(dimnames), seen = x, sparse = TRUE, name = name)
}

# Its rows or columns as an input. `gives`: what FUN gets of them.
lines_of <- function(matrix, margin, gives, call) {
  if (gives == "sparseVector" || gives == "block") need_matrix(sprintf("FUN that gets a sparse %s", sub("sparseVector", "vector", gives)), call)
  form <- if (is.null(matrix$name)) form_of(matrix$x, margin, call) else registered_form(matrix$name, matrix$x, margin, call)
  input <- input_of(form$source, if (margin == 1L) "row" else "column", as.double(matrix$dim))
  input$sparse <- gives
  input$type <- form$type
  # Not by describe(), for which R would load Matrix.
  input$shown <- sprintf("a %s of %s", class(matrix$x)[[1L]], paste(format_count(matrix$dim), collapse = " x "))
  input$of <- paste(gives, kind_of_slices(form$type, input))
  input
}

# The form of a matrix by `margin`, checked: list(source, type).
form_of <- function(x, margin, call) {
  class <- class(x)[[1L]]
  if (!class %in% unlist(compressed_classes)) x <- columns_of_matrix(x)
  by <- if (class(x)[[1L]] %in% compressed_classes[[1L]]) 1L else 2L
  form <- parts_of_form(x, by)
  check_form(form, by, class, call)
  # Of a symmetric matrix the rows are the columns.
  if (by != margin && !inherits_matrix(class, "symmetricMatrix")) form <- turned_form(form, margin)
  list(
    source = structure(list(), p = form$p, i = form$i, x = form$x, Dimnames = form$dimnames), type = if (is.null(form$x)) "logical" else typeof(form$x)
  )
}

# Any sparse matrix by columns, of which both triangles are there, with no place twice.
columns_of_matrix <- function(x) {
  x <- methods::as(x, "CsparseMatrix")
  if (inherits(x, "generalMatrix")) x else methods::as(x, "generalMatrix")
}

inherits_matrix <- function(class, what) !class %in% unlist(compressed_classes) && methods::extends(class, what)

parts_of_form <- function(x, by) {
  list(
    p = attr(x, "p"), i = attr(x, if (by == 1L) "j" else "i"), x = attr(x, "x"), dim = attr(x, "Dim"), dimnames = attr(x, "Dimnames")
  )
}

# Right or an error, before anything runs.
check_form <- function(form, by, class, call) {
  refuse <- function(problem) abort_input(sprintf("X is no valid %s: %s; validObject(X) says more", class, problem), call)
  if (!is.integer(form$dim) || length(form$dim) != 2L || anyNA(form$dim) || any(form$dim < 0L)) refuse("its slot Dim is not two whole numbers")
  if (!is.integer(form$p) || !is.integer(form$i)) refuse("its slots p and i or j are not integers")
  if (!is.null(form$x) && (!typeof(form$x) %in% c("logical", "integer", "double", "complex") || length(form$x) != length(form$i))) {
    refuse("its slot x is not a vector with a number for each place")
  }
  bad <- native(ms_sparse_fault(form$p, form$i, form$dim[[by]], form$dim[[3L - by]]), call)
  if (bad < 0) refuse("its slot p does not rise from 0 to the number of its entries")
  if (bad > 0) refuse(sprintf("the places in %s %.0f are not increasing, or beyond the matrix", c("row", "column")[[by]], bad))
}

# The form by the other dimension, which is now `margin`.
turned_form <- function(form, margin) {
  turned <- native(ms_sparse_turn(form$p, form$i, form$x, form$dim[[margin]]))
  form[c("p", "i")] <- turned[1:2]
  form["x"] <- turned[3L]
  form
}

# The form of a registered variable, checked and made once: the variable itself, or a view of another page that has no name.
registered_form <- function(name, x, margin, call) {
  serial <- native(ms_metadata(name[[1L]], name[[2L]]), call)$serial
  key <- paste(c(name, margin), collapse = "\n")
  known <- state$forms[[key]]
  if (!identical(known$serial, serial)) {
    form <- form_of(x, margin, call)
    form$source <- if (class(x)[[1L]] %in% compressed_classes[[margin]]) by_name(name) else shared_form(form$source, call)
    known <- c(form, list(serial = serial, name = name))
    state$forms[[key]] <- known
  }
  known
}

# A view of a value in shared memory that goes with the view.
shared_form <- function(form, call) {
  space <- sprintf("memshare forms of %d", Sys.getpid())
  with_room(function() ms_register(space, list(form = form)), call)
  on.exit(native(ms_release_variables(space, "form")))
  view <- native(ms_retrieve(space, "form"), call)[[1L]]
  native(ms_release_views(space, "form"))
  view
}

# Registered variables are released: so are the forms of them.
forget_forms <- function(namespace, names) {
  gone <- vapply(state$forms, function(form) form$name[[1L]] == namespace && form$name[[2L]] %in% names, NA)
  if (any(gone)) state$forms[gone] <- NULL
}

# What apply() sees where there is nothing to go over.
empty_matrix <- function(input) matrix(vector(input$type, 0L), input$dim[[1L]], input$dim[[2L]])
