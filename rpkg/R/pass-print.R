# A pass as people see it, and what they are told who take it for data.

#' Passes: calls that have not run yet
#'
#' With `memControl(lazy = TRUE)`, [memApply()], [memLapply()] and [memMapply()] check their arguments, take FUN with the values it
#' uses of its surroundings, and run nothing: they return a *pass*. So does [memReduce()], which gives one whenever it is given one.
#' A pass may stand where data may: in `VARS`, as `X`, or as a collection of `memMapply()`. [memRun()] runs it, with all that it
#' needs; [memPlan()] shows first what will happen.
#'
#' What becomes of a pass depends on where it stands:
#' \describe{
#'   \item{in `VARS`}{FUN sees the whole value, exactly what the call would have returned.}
#'   \item{as `X` of `memLapply()`, or in `memMapply()`}{element goes to element: the second FUN runs as soon as the first is done with
#'     an element, on the same worker, and what lies between is gone at once. A pass with `FUN.VALUE` of several values is a matrix, whose
#'     entries are the elements.}
#'   \item{as `X` of `memApply()`}{the pass must give a matrix: `FUN.VALUE` of more than one value, whose results are its columns.}
#'   \item{in `memReduce()`}{its elements are combined to one value.}
#'   \item{in `memFilter()`}{element by element; how many are left is known only when it has run.}
#'   \item{as an argument of `memDo()`}{FUN sees the whole value, as in `VARS`.}
#' }
#' A pass made with `simplify = TRUE` has no shape before it ran: it may only stand in `VARS`.
#'
#' `chunk`, `schedule`, `seed`, `packages`, `element_timeout` and `on_error` of [memControl()] hold for the pass that they were given to; of `retries`,
#' `timeout` and `memory` the strictest that a pass asks for holds for the whole run. Results with names take more memory than
#' `FUN.VALUE` says: name `FUN.VALUE`, and [unname()] the results.
#'
#' @param x,object A pass.
#' @param ... Not used.
#' @return `length()` gives the number of elements and `names()` their names (after [memFilter()], which are not known before it ran, `NA` and
#'   `NULL`), `format()` a few lines of text, `summary()` the passes that
#'   this one needs, each in a line, in the order in which they run (class `memshare_pass_summary`), and `as.data.frame()` of that summary
#'   a row for each: `pass`, `verb`, `elements` and `about`. A pass itself is no table: it has not run.
#' @seealso [memRun()], [memPlan()], [memReduce()], [memMapply()]
#' @examples
#' m <- matrix(1:6, 2, dimnames = list(NULL, c("a", "b", "c")))
#' lazy <- memControl(lazy = TRUE)
#' mu <- memApply(m, 2, mean, CONTROL = lazy)
#' z <- memApply(m, 2, function(v, mu) v - mean(unlist(mu)), VARS = list(mu = mu), CONTROL = lazy)
#' z
#' length(z)
#' summary(z)
#' as.data.frame(summary(z))
#' memRun(z, MAX.CORES = 1)
#' @name memshare-pass
NULL

#' @rdname memshare-pass
#' @export
length.memshare_pass <- function(x) {
  if (!is.null(unwrap_pass(x)$filter)) return(NA_integer_)
  n <- unwrap_pass(x)$n
  if (n > .Machine$integer.max) n else as.integer(n)
}

#' @rdname memshare-pass
#' @export
names.memshare_pass <- function(x) if (is.null(unwrap_pass(x)$filter)) unwrap_pass(x)$names

#' @rdname memshare-pass
#' @export
format.memshare_pass <- function(x, ...) {
  pass <- unwrap_pass(x)
  c(paste("<pass>", describe_pass(pass)), describe_vars(pass), if (pass$n > 0) "has not run: memRun() runs it, memPlan() shows how")
}

#' @rdname memshare-pass
#' @export
print.memshare_pass <- function(x, ...) print_lines(x)

#' @rdname memshare-pass
#' @export
summary.memshare_pass <- function(object, ...) {
  order <- in_order(list(unwrap_pass(object)))
  labels <- labels_of(order)$labels
  lines <- vapply(seq_along(order), function(i) paste0(labels[[i]], ": ", describe_pass(order[[i]], order, labels)), "")
  table <- data.frame(
    pass = labels, verb = vapply(order, spoken_verb, ""), elements = vapply(order, function(pass) as.double(pass$n), 0),
    about = substring(lines, nchar(labels) + 3L), stringsAsFactors = FALSE
  )
  structure(list(passes = labels, lines = lines, table = table), class = "memshare_pass_summary")
}

#' @rdname memshare-pass
#' @export
as.data.frame.memshare_pass_summary <- function(x, ...) x$table

#' @export
format.memshare_pass_summary <- function(x, ...) x$lines

#' @export
print.memshare_pass_summary <- function(x, ...) {
  cat_lines(x$lines)
  invisible(x)
}

#' @exportS3Method utils::str memshare_pass
str.memshare_pass <- function(object, ...) cat("", harmless(format(object)[[1L]]), "\n")

# "memApply over the 5,000 columns of a numeric matrix of 200 x 5000 with FUN mean". With an order and labels, other passes have
# names.
describe_pass <- function(pass, order = list(), labels = character()) {
  fun <- if (nzchar(pass$label)) pass$label else trimws(strtrim(deparse(args(pass$fun), nlines = 1L)[[1L]], 60))
  if (grepl("^[[:alpha:].]", pass$label)) fun <- paste0(fun, "()")
  over <- vapply(shown_inputs(pass$inputs), describe_input, "", pass = pass, order = order, labels = labels)
  pass_words(pass, over, fun)
}

describe_input <- function(input, pass, order, labels) {
  count <- format_count(pass$n)
  if (isTRUE(pass$marked)) count <- paste("up to", count)
  of <- if (is.null(input$shown)) describe_source(input$source, order, labels) else input$shown
  paste0("the ", count, " ", element_word(input), if (pass$n != 1) "s", " of ", of)
}

# What an element of an input is called.
element_word <- function(input) {
  if (!is.null(input$what)) return(input$what)
  switch(input$cut, row = "row", column = "column", `row block` = , `column block` = "block", shared = "group", each = "result", "item")
}

# Of groups the variable, and not its row sets.
shown_inputs <- function(inputs) {
  shared <- vapply(inputs, function(input) input$cut == "shared", NA)
  if (any(shared)) inputs[shared] else inputs
}

describe_source <- function(source, order = list(), labels = character()) {
  if (inherits(source, "memshare_name")) return(sprintf("'%s' in namespace '%s'", source[[2L]], source[[1L]]))
  if (!is_pass(source)) return(describe(source))
  at <- place_of(unwrap_pass(source), order)
  if (at) return(sprintf("pass '%s'", labels[[at]]))
  paste0("a pass (", spoken_verb(unwrap_pass(source)), if (nzchar(unwrap_pass(source)$label)) paste(" with", unwrap_pass(source)$label), ")")
}

# Which VARS FUN receives, from where.
describe_vars <- function(pass) {
  if (!length(pass$vars) && !length(pass$functions)) return(NULL)
  from <- vapply(pass$vars, describe_source, "")
  said <- c(paste0(names(pass$vars), " = ", from)[seq_along(from)], paste(names(pass$functions), "= a function")[seq_along(pass$functions)])
  more <- length(said) - 6L
  paste0(if (length(pass$arguments)) "arguments: " else "VARS: ", paste(utils::head(said, 6L), collapse = ", "), if (more > 0L) sprintf(" and %d more", more))
}

#' @export
`[.memshare_pass` <- function(x, ...) not_data("pass[...]")

#' @export
`[[.memshare_pass` <- function(x, ...) not_data("pass[[...]]")

#' @export
`$.memshare_pass` <- function(x, name) not_data(paste0("pass$", name))

#' @export
`[<-.memshare_pass` <- function(x, ..., value) not_data("pass[...] <- value")

#' @export
`[[<-.memshare_pass` <- function(x, ..., value) not_data("pass[[...]] <- value")

#' @export
`$<-.memshare_pass` <- function(x, name, value) not_data(paste0("pass$", name, " <- value"))

#' @export
Ops.memshare_pass <- function(e1, e2) not_data(.Generic)

#' @export
Math.memshare_pass <- function(x, ...) not_data(paste0(.Generic, "()"))

#' @export
Summary.memshare_pass <- function(..., na.rm = FALSE) not_data(paste0(.Generic, "()"))

#' @export
mean.memshare_pass <- function(x, ...) not_data("mean()")

#' @export
c.memshare_pass <- function(...) not_data("c()")

#' @export
rep.memshare_pass <- function(x, ...) not_data("rep()")

#' @export
as.list.memshare_pass <- function(x, ...) not_data("as a list")

#' @exportS3Method unlist memshare_pass
unlist.memshare_pass <- function(x, recursive = TRUE, use.names = TRUE) not_data("unlist()")

#' @export
as.vector.memshare_pass <- function(x, mode = "any") not_data("as a vector")

#' @export
as.double.memshare_pass <- function(x, ...) not_data("as numbers")

#' @export
as.integer.memshare_pass <- function(x, ...) not_data("as integers")

#' @export
as.character.memshare_pass <- function(x, ...) not_data("as text")

#' @export
as.logical.memshare_pass <- function(x, ...) not_data("as logical values")

#' @export
as.matrix.memshare_pass <- function(x, ...) not_data("as a matrix")

#' @export
as.data.frame.memshare_pass <- function(x, ...) not_data("as a data frame")
