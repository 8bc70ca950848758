# mapply on shared memory: several collections in step.

#' Apply a function over several collections in step
#'
#' `memMapply()` calls FUN with the first elements of all collections, then with the second ones, and so on, as [mapply()] and [Map()]
#' do, on several cores and one copy of the data.
#'
#' Shorter collections are used again from their beginning, and where one is empty nothing is called, as in `mapply()`. Passes and registered
#' collections, and sparse matrices, cannot be used again: they must be as long as the longest.
#'
#' @inherit memLapply sections
#' @inheritParams memLapply
#' @param FUN A function or its name.
#' @param ... The collections: lists, vectors, passes (see [memshare-pass]) and, with `NAMESPACE`, names of registered ones (one string).
#'   A named one goes to FUN's argument of that name.
#' @param MoreArgs A list of further arguments of FUN, or `NULL`.
#' @param MARGIN `NULL`, or 1 or 2: collections that are matrices, sparse ones of package Matrix too, are walked by rows (1) or columns (2) then.
#' @param NAMESPACE The namespace in which collections or `VARS` are registered. Only needed for names.
#' @return A list with the names that `mapply(SIMPLIFY = FALSE)` gives; or what `simplify` or `FUN.VALUE` of [memControl()] make of it.
#' @seealso [memLapply()], [memApply()], [memshare-pass]
#' @examples
#' memMapply(function(x, y) x + y, c(a = 1, b = 2), c(10, 20), MAX.CORES = 2)
#'
#' m <- matrix(1:6, 2)
#' memMapply(
#'   function(v, w) sum(v) * w, m, w = 1:3, MARGIN = 2,
#'   MAX.CORES = 2, CONTROL = memControl(simplify = TRUE)
#' )
#' @export
memMapply <- function(FUN, ..., MoreArgs = NULL, MARGIN = NULL, NAMESPACE = NULL, VARS = NULL, MAX.CORES = NULL, CLUSTER = NULL,
                      CONTROL = memControl()) {
  call <- sys.call()
  check_given(c(FUN = missing(FUN)), call)
  asked <- asked_by(environment(), call, parent.frame())
  if (!is.null(MARGIN)) MARGIN <- check_margin(MARGIN, call)
  if (!is.null(MoreArgs) && (!is.list(MoreArgs) || is.object(MoreArgs))) {
    abort_input(sprintf("MoreArgs must be a list of further arguments of FUN, not %s", describe(MoreArgs)), call)
  }
  if (!...length()) abort_input("memMapply() needs at least one collection", call)
  given_args <- list(...)
  arguments <- names(given_args)
  if (is.null(arguments)) arguments <- character(length(given_args))
  expressions <- as.list(substitute(list(...)))[-1L]
  check_reserved(arguments[nzchar(arguments)], call, "memMapply()")
  items <- lapply(given_args, collection_of, MARGIN, asked$namespace, asked$given, call, asked$control$element)
  check_in_step(items, arguments, call)
  n <- common_length(items, arguments, call)
  names <- mapply_names(given_args[[1L]], items[[1L]], n)
  if (isTRUE(items[[1L]]$late)) check_late(TRUE, call)
  spread <- recycle(items, arguments, n, asked$fun)
  inputs <- Map(function(item, expression) called(item$x, expression), unname(spread$items), expressions[spread$kept])
  asked$read <- given_args
  end_verb("mapply", pass_elements(inputs, n, names, elements = spread$arguments), asked, further = further_values(c(spread$fixed, MoreArgs)))
}

# MARGIN of collections: each element is a row or a column.
check_margin <- function(margin, call) {
  if (!is.numeric(margin) || length(margin) != 1L || is.na(margin) || !margin %in% c(1, 2)) {
    abort_input(sprintf("MARGIN must be 1 (rows) or 2 (columns), not %s", describe(margin)), call)
  }
  as.integer(margin)
}

# One collection as an input, its length, names and labels. `element`: what FUN gets of a sparse matrix's rows or columns, or NULL where it is
# wanted as a whole.
collection_of <- function(x, margin, namespace, given, call, element = NULL) {
  if (!is.null(margin)) {
    matrix <- if (is_pass(x)) {
      if (shape_of(unwrap_pass(x)) == "array" && length(array_dim(unwrap_pass(x))) == 2L) matrix_of_pass(x, call)
    } else if (given && is_name(x)) {
      view <- peek(registered_name(x, namespace, given, call), call)
      if (is_matrix_like(view)) array_of(x, namespace, given, call)
    } else if (is_matrix_like(x)) {
      array_of(x, namespace, given, call)
    }
    if (!is.null(matrix)) {
      names <- plain_names(matrix$dimnames[[margin]])
      lines <- isTRUE(matrix$sparse) && !is.null(element)
      input <- if (lines) lines_of(matrix, margin, element, call) else slices(matrix, margin)
      return(list(x = input, n = matrix$dim[[margin]], names = names, labels = names, fixed = !is_pass(x) && !lines))
    }
  }
  items <- list_items(if (given || !is_name(x)) x else list(x), namespace, given, call, own = TRUE)
  if (!given && is_name(x)) items$labels <- x
  items$fixed <- !is_pass(x) && !inherits(items$x$source, "memshare_name")
  items
}

is_matrix_like <- function(x) is_sparse(x) || length(dim(x)) == 2L

# The length that all collections have, after mapply()'s rule: the longest, or 0 where one is empty. Only plain data can be repeated.
common_length <- function(items, arguments, call) {
  lengths <- vapply(items, `[[`, 0, "n")
  fixed <- vapply(items, function(item) item$fixed, NA)
  n <- if (any(lengths == 0)) 0 else max(lengths)
  wrong <- lengths != n & !fixed
  if (n > 0 && any(wrong)) {
    at <- c(which(lengths == n)[[1L]], which(wrong)[[1L]])
    said <- ifelse(nzchar(arguments[at]), sprintf("'%s'", arguments[at]), paste("number", at))
    abort_input(
      sprintf(
        paste(
          "collection %s has %.0f elements, collection %s has %.0f; passes, registered variables and sparse matrices must be as long as the longest",
          "collection"
        ), said[[1L]], n, said[[2L]], lengths[[at[[2L]]]]
      ), call
    )
  }
  if (n > 0 && any(n %% lengths != 0)) {
    warning(memshare_condition("warning", "recycled", "longer argument not a multiple of length of shorter", call = call))
  }
  n
}

# The names mapply() gives: those of the first collection, or its strings.
mapply_names <- function(given, first, n) {
  names <- first$labels
  if (n == 0) return(if (first$fixed && is.character(given) && is.null(names(given))) character())
  if (length(names) && length(names) < n) names <- c(names, rep(NA_character_, n - length(names)))
  names
}

# Collections of length 1 become further arguments of FUN. One without a name goes by the name of the argument that it would meet;
# where that cannot be told, it is repeated, as shorter collections are.
recycle <- function(items, arguments, n, fun) {
  single <- n > 1 & vapply(items, function(item) item$n == 1 && item$fixed, NA)
  fixed <- list()
  met <- if (any(single)) arguments_met(fun, arguments)
  for (i in seq_along(items)) {
    if (n == 0 || items[[i]]$n == n) next
    name <- if (!single[[i]]) "" else if (nzchar(arguments[[i]])) arguments[[i]] else met[[i]]
    if (nzchar(name)) {
      fixed[name] <- list(element_at(items[[i]]$x, 1L))
    } else {
      items[[i]]$x <- input_of(rep_len(lapply(seq_len(items[[i]]$n), element_at, input = items[[i]]$x), n))
      single[[i]] <- FALSE
    }
  }
  list(items = items[!single], arguments = arguments[!single], kept = !single, fixed = fixed)
}

element_at <- function(input, i) {
  switch(input$cut, row = input$source[i, ], column = input$source[, i], input$source[[i]])
}
