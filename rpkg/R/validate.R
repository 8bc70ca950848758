# The checks of arguments that several verbs share. Each returns the value in its plain form or raises memshare_error_input
# with what was expected; what protects memory is checked again by native code.

# The arguments without which the calling function can do nothing: whether each is `missing`, by its name.
check_given <- function(missing, call) {
  if (any(missing)) abort_input(sprintf("%s is missing: give it, as %s shows", names(missing)[missing][[1L]], help_page(call)), call)
}

# The help page of the function that is called, by the name that it has in the call.
help_page <- function(call) {
  verb <- call[[1L]]
  if (is.call(verb)) verb <- verb[[length(verb)]]
  if (is.symbol(verb)) paste0("?", as.character(verb)) else "the function's help page"
}

check_string <- function(value, what, call = NULL) {
  if (!is.character(value) || length(value) != 1L || is.na(value) || !nzchar(value)) {
    abort_input(sprintf("%s must be one non-empty string, not %s", what, describe(value)), call)
  }
  check_utf8(value, what, call)
}

check_namespace <- function(namespace, call = NULL, what = "namespace") check_string(namespace, what, call)

# Names of variables: at least one, none empty, none twice.
check_names <- function(names, what, call = NULL) {
  if (is.list(names)) names <- unlist(names, use.names = FALSE)
  if (!is.character(names) || !length(names) || anyNA(names) || !all(nzchar(names))) {
    abort_input(sprintf("%s must be a character vector of names, not %s", what, describe(names)), call)
  }
  twice <- if (length(names) > 1L) anyDuplicated(names) else 0L
  if (twice) abort_input(sprintf("%s names '%s' more than once: name it once", what, names[[twice]]), call)
  check_utf8(names, what, call)
}

beyond_ascii <- as.raw(128L)

# The strings in UTF-8, as they stand in shared memory.
check_utf8 <- function(strings, what, call = NULL) {
  strings <- as.character(strings)
  # One string of ASCII, as most are.
  if (length(strings) == 1L && all(charToRaw(strings) < beyond_ascii)) return(strings)
  marked <- Encoding(strings)
  utf8 <- enc2utf8(strings)
  bad <- marked == "bytes" | marked == "UTF-8" & !validUTF8(strings) |
    marked == "unknown" & is.na(iconv(strings, "", "UTF-8"))
  if (any(bad)) abort_input(sprintf("%s must be text that UTF-8 can hold; element %d is not: convert it with iconv()", what, which(bad)[[1L]]), call)
  utf8
}

# A whole number of at least `least` and at most `most`, as a double; NULL stays NULL where it is `optional`.
check_count <- function(value, what, least = 1, call = NULL, optional = TRUE, most = Inf) {
  if (is.null(value) && optional) return(NULL)
  good <- is.numeric(value) && length(value) == 1L && is.finite(value) && value >= least && value <= most && value == floor(value)
  if (!good) {
    range <- if (is.finite(most)) sprintf("from %g to %.0f", least, most) else sprintf("of at least %g", least)
    abort_input(sprintf("%s must be one whole number %s, not %s", what, range, describe(value)), call)
  }
  as.double(value)
}

# A whole number, or Inf.
count_or_inf <- function(value, what, least, call = NULL) {
  if (is.numeric(value) && identical(as.double(value), Inf)) Inf else check_count(value, what, least, call)
}

check_flag <- function(value, what, call = NULL) {
  if (!is.logical(value) || length(value) != 1L || is.na(value)) {
    abort_input(sprintf("%s must be TRUE or FALSE, not %s", what, describe(value)), call)
  }
  value
}

# A value in few words, for messages.
describe <- function(value) {
  if (is.null(value)) return("NULL")
  if (inherits(value, "memshare_pass")) return("a pass that has not run")
  if (is.function(value)) return("a function")
  if (is.environment(value)) return("an environment")
  if (is.data.frame(value)) return("a data frame")
  if (is.atomic(value) && length(value) == 1L && is.null(dim(value)) && !is.object(value)) {
    return(if (is.character(value)) encodeString(value, quote = "\"", na.encode = TRUE) else format(value))
  }
  kind <- if (is.object(value)) paste0("an object of class '", class(value)[[1L]], "'") else kind_of(value)
  size <- if (is.null(dim(value))) sprintf("of length %.0f", length(value)) else paste("of", paste(dim(value), collapse = " x "))
  paste(kind, size)
}

kind_of <- function(value) {
  type <- if (typeof(value) == "double") "numeric" else typeof(value)
  article <- if (type == "integer") "an" else "a"
  paste0(article, " ", type, if (is.atomic(value)) if (is.matrix(value)) " matrix" else " vector")
}

check_choice <- function(value, choices, what, call) {
  if (!is.character(value) || length(value) != 1L || !value %in% choices) {
    quoted <- paste0("\"", choices, "\"", collapse = ", ")
    abort_input(sprintf("%s must be one of %s, not %s", what, quoted, describe(value)), call)
  }
  value
}
