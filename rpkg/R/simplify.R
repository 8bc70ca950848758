# From results to the value that base R's functions give. Results come either as a list, or packed: one plain vector that holds
# n results of the same type and length k one after the other, none of which has attributes.

# What apply(simplify = TRUE) makes of the results of `n` elements. `shape` is that of the pass, see shapes.R: `outer` is `dn.ans` in
# apply(), `inner` is `dn.call`.
simplify_apply <- function(results, n, shape) {
  values <- results$values
  inside <- NULL
  as_list <- FALSE
  if (!is_packed(results)) {
    first <- values[[1L]]
    inside <- names(first)
    as_list <- is.recursive(first) || any(lengths(values) != length(first))
    if (!as_list && length(inside) && !all(vapply(values, function(value) identical(names(value), inside), NA))) inside <- NULL
    if (!as_list) values <- unlist(values, recursive = FALSE)
  }
  size <- if (as_list) n else length(values)
  if (size == n && !is.null(shape$dim)) return(by_margin(values, shape))
  if (size == n) {
    names(values) <- if (length(shape$outer[[1L]])) shape$outer[[1L]]
    return(values)
  }
  if (!size || size %% n != 0L) return(values)
  if (is.null(shape$dim)) shape$dim <- n
  by_margin(values, shape, size %/% n, titled(list(inside), shape$inner))
}

# What tapply() and by() make of them: both are given what a group's results are by one element of each, which is enough to say where they go.
# `how` as how_of() says.
by_group <- function(results, how, call) {
  groups <- how$groups
  values <- if (is.null(how$FUN.VALUE)) as_result_list(results) else simplify_vapply(results, NULL, how$FUN.VALUE, call)
  value <- tapply(seq_along(values), groups$index, function(at) values[[at]], default = groups$default, simplify = how$simplify)
  if (is.null(groups$call)) value else structure(value, call = groups$call, class = "by")
}

# The names along the results, with the title of the dimension that they have the length of.
titled <- function(names, inner) {
  title <- names(inner)[1L]
  if (length(inner) && length(title) && nzchar(title) && length(names[[1L]]) == length(inner[[1L]])) names(names) <- title
  names
}

# What sapply makes of them; `simplify` is TRUE or "array".
simplify_sapply <- function(results, names, simplify) {
  if (is_packed(results) && !identical(simplify, "array")) {
    if (results$k == 1) return(named(results$values, names))
    if (results$k > 1) {
      n <- length(results$values) / results$k
      return(array(results$values, c(results$k, n), if (!is.null(names)) list(NULL, names)))
    }
  }
  values <- named(as_result_list(results), names)
  sapply(values, identity, simplify = simplify, USE.NAMES = FALSE)
}

# What vapply makes of them, with vapply's own checks.
simplify_vapply <- function(results, names, template, call) {
  if (is_packed(results) && results$k == length(template) && fits_type(results$values, template)) {
    values <- results$values
    if (typeof(values) != typeof(template)) storage.mode(values) <- typeof(template)
    if (length(template) == 1L && is.null(dim(template))) return(named(values, names))
    inner <- if (is.null(dim(template))) length(template) else dim(template)
    outside <- if (is.null(dim(template))) list(names(template)) else dimnames(template)
    if (is.null(outside)) outside <- vector("list", length(inner))
    n <- length(values) %/% max(1L, length(template))
    if (length(template)) {
      all_names <- c(outside, list(names))
      return(array(values, c(inner, n), if (!all(vapply(all_names, is.null, NA))) all_names))
    }
  }
  values <- named(as_result_list(results), names)
  tryCatch(
    vapply(values, identity, template, USE.NAMES = TRUE),
    error = function(e) {
      at <- match(FALSE, vapply(values, function(value) is.null(mismatch(value, template)), NA))
      if (is.na(at)) stop(e)
      found <- mismatch(values[[at]], template)
      abort("value", mismatch_text(found, at), mismatch = found, parent = e, call = call)
    }
  )
}

# What vapply() would not take a value for: what FUN.VALUE wants, and what the value is; NULL where it fits.
mismatch <- function(value, template) {
  if (length(value) != length(template)) {
    return(list(wanted = paste("length", length(template)), is = paste("length", length(value))))
  }
  taken <- switch(typeof(template),
    complex = c("logical", "integer", "double", "complex"), double = c("logical", "integer", "double"), integer = c("logical", "integer"),
    typeof(template)
  )
  if (typeof(value) %in% taken) return(NULL)
  list(wanted = sprintf("type '%s'", typeof(template)), is = sprintf("type '%s'", typeof(value)))
}

mismatch_text <- function(found, at) {
  sprintf(
    "a result does not match FUN.VALUE: that of element %.0f has %s, and FUN.VALUE has %s; change FUN.VALUE, or what FUN returns", at,
    found$is, found$wanted
  )
}

# The types that vapply lets stand for the template's.
fits_type <- function(values, template) {
  switch(typeof(template),
    integer = typeof(values) %in% c("logical", "integer"),
    double = typeof(values) %in% c("logical", "integer", "double"),
    typeof(values) == typeof(template)
  ) && !is.object(template)
}

is_packed <- function(results) !is.list(results$values)

# The results one by one, whatever way they came.
as_result_list <- function(results) {
  if (!is_packed(results)) return(results$values)
  k <- results$k
  n <- results$n
  if (k == 1) return(as.list(results$values))
  lapply(seq_len(n), function(i) results$values[seq_len(k) + (i - 1) * k])
}

named <- function(values, names) {
  if (length(names)) names(values) <- names
  values
}

# What `c`, `rbind` or `cbind` of base R make of all of them at once.
combined_at_once <- function(results, name) {
  if (name == "c" && is_packed(results)) return(results$values)
  do.call(get(name, envir = baseenv()), as_result_list(results), quote = TRUE)
}
