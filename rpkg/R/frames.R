# Which variables a function needs of its surroundings, found by static analysis (package globals), once for each function body:
# the same lambda in a loop, or the same function in a later call, is looked up. A warm call must not pay for it.

# Functions that look up a variable by name, or evaluate code: with a name that is no constant, they can mean any variable.
lookup_functions <- c("get", "get0", "mget", "exists", "eval")
# Functions through which code sees or changes the frames around it.
frame_functions <- c(
  lookup_functions, "evalq", "local", "environment", "as.environment", "parent.frame", "parent.env", "sys.function", "sys.frame",
  "sys.frames", "assign", "ls", "objects", "rm", "parse", "str2lang", "str2expression"
)
# Functions that look up a function by name, or take what a text says as a formula.
naming_functions <- c(
  "match.fun", "do.call", "getFunction", "existsFunction", "isGeneric", "getGeneric", "existsMethod", "hasMethod", "getMethod", "selectMethod",
  "as.formula", "reformulate"
)

# Whether a function of a package is itself one that looks up any name that it is given.
is_lookup <- function(fun) {
  for (name in c("get", "get0", "mget", "exists", "match.fun", "do.call")) if (identical(fun, baseenv()[[name]])) return(TRUE)
  FALSE
}

# What is known of a function: `variables` and `called`, the names it takes from outside as values and as functions (a value of
# the same name does not settle a call, as in R); `dots`, whether `...` of a surrounding function is used; `looks_up`, whether it
# looks up names that are computed, and `sees_frames`, whether it can see frames as a whole; `named`, packages that the code names; and
# `template`, the function without source references and without its frame.
analysis_of <- function(fun) {
  key <- list(body(fun), formals(fun))
  known <- if (!is.null(state$analyses)) utils::gethash(state$analyses, key)
  # To the table 0 and -0 are one.
  if (!is.null(known) && same_code(known$body, key[[1L]]) && same_code(known$formals, key[[2L]])) return(known)
  if (is.null(state$analyses) || utils::numhash(state$analyses) >= 1000L) state$analyses <- utils::hashtab()
  found <- analyse(fun)
  utils::sethash(state$analyses, key, found)
  found
}

same_code <- function(a, b) identical(a, b, num.eq = FALSE, single.NA = FALSE, ignore.bytecode = TRUE)

analyse <- function(fun) {
  plain <- fun
  attributes(plain) <- NULL
  free <- unique(c(free_names(plain, "ordered"), free_names(plain, "liberal")))
  formals <- formals(plain)
  code <- c(list(body(plain)), unname(formals[!vapply(formals, is_missing_symbol, NA)]))
  used <- names_in(code)
  looked <- lookups_in(code, free)
  texts <- texts_in(code)
  template <- utils::removeSource(plain)
  environment(template) <- baseenv()
  # A text may be the name of a function, as in sweep(x, 1, s, "f").
  named <- texts[is_short_enough(texts) & make.names(texts) == texts]
  list(
    body = body(fun), formals = formals(fun), template = template,
    variables = unique(c(intersect(used$variables, free), looked$names, names_in_formulas(texts))),
    called = unique(c(intersect(used$called, free), setdiff(free, c(used$variables, used$called)), named)),
    dots = any(is_dots(used$variables)) && !"..." %in% names(formals), looks_up = looked$any, sees_frames = looked$frames,
    named = packages_named(body(fun))
  )
}

loading_functions <- c("library", "require", "requireNamespace", "loadNamespace")

# The packages that code names, as in `package::name` and `library(package)`: they are loaded once, by what forks workers, and not by each
# worker in its first element.
packages_named <- function(code) {
  if (!any(c("::", ":::", loading_functions) %in% all.names(code))) return(character())
  found <- character()
  walk <- function(e) {
    if (!is.call(e)) return(invisible())
    if (length(e) == 3L && is.symbol(e[[1L]]) && as.character(e[[1L]]) %in% c("::", ":::")) found <<- c(found, as.character(e[[2L]]))
    if (called_name(e[[1L]]) %in% loading_functions) found <<- c(found, package_loaded_by(e))
    parts <- as.list(e)
    for (part in parts[!vapply(parts, is_missing_symbol, NA)]) walk(part)
  }
  walk(code)
  setdiff(found, silent_namespaces)
}

# The package of a call such as library(package) or requireNamespace("package"), where it is said and not computed.
package_loaded_by <- function(call) {
  package <- if (length(call) > 1L && (is.null(names(call)) || names(call)[[2L]] %in% c("", "package"))) call[[2L]]
  if (is.character(package) && length(package) == 1L) return(package)
  quoted <- called_name(call[[1L]]) %in% c("library", "require") && !"character.only" %in% names(call)
  if (quoted && is.symbol(package) && nzchar(as.character(package))) as.character(package) else character()
}

# The names in some expressions: those that stand for values and those that are called (a name can be both). all.names() would
# pass over the head of `list$item(x)`.
names_in <- function(expressions) {
  variables <- called <- character()
  walk <- function(e) {
    if (is.symbol(e)) {
      variables <<- c(variables, as.character(e))
    } else if (is.call(e)) {
      if (is.symbol(e[[1L]])) called <<- c(called, as.character(e[[1L]])) else walk(e[[1L]])
      walk_all(as.list(e)[-1L])
    } else if (is.pairlist(e) || is.expression(e)) {
      walk_all(as.list(e))
    }
  }
  walk_all <- function(parts) for (part in parts[!vapply(parts, is_missing_symbol, NA)]) walk(part)
  for (e in expressions) walk(e)
  list(variables = unique(variables), called = unique(called))
}

# The texts in some expressions.
texts_in <- function(expressions) {
  texts <- character()
  walk <- function(e) {
    if (is.character(e)) texts <<- c(texts, e)
    if (is.call(e) || is.pairlist(e) || is.expression(e)) walk_all(as.list(e))
  }
  walk_all <- function(parts) for (part in parts[!vapply(parts, is_missing_symbol, NA)]) walk(part)
  walk_all(expressions)
  unique(texts[!is.na(texts) & validEnc(texts) & Encoding(texts) != "bytes"])
}

# The variables of texts that are formulas, as in lm("y ~ x").
names_in_formulas <- function(texts) {
  texts <- grep("~", texts, fixed = TRUE, value = TRUE)
  unlist(lapply(texts, function(text) tryCatch(all.vars(str2lang(text)), error = function(e) NULL)))
}

# The constant names that code looks up; whether it looks up any other (`any`), and whether it sees frames (`frames`). `free`: names that the code does not
# set itself.
lookups_in <- function(expressions, free) {
  names <- character()
  any <- frames <- FALSE
  walk <- function(e) {
    if (!is.call(e) && !is.pairlist(e) && !is.expression(e)) return(invisible())
    head <- if (is.call(e)) called_name(e[[1L]]) else ""
    parts <- as.list(e)
    parts <- parts[!vapply(parts, is_missing_symbol, NA)]
    if (head %in% lookup_functions && head != "eval" && length(e) > 1L && is_constant_name(e[[2L]])) {
      names <<- c(names, constant_names(e[[2L]]))
      # In an environment of its own the name may be anything.
      if (length(e) > 2L) frames <<- TRUE
    } else if (head %in% frame_functions) {
      frames <<- TRUE
      if (head %in% lookup_functions) any <<- TRUE
    } else if (head %in% naming_functions && is_computed(e, free)) {
      any <<- frames <<- TRUE
    }
    for (part in parts) walk(part)
  }
  for (e in expressions) walk(e)
  list(names = unique(names[nzchar(names) & is_short_enough(names)]), any = any, frames = frames)
}

# Whether texts may be names to R.
is_short_enough <- function(texts) nchar(texts, "bytes") <= 10000L

# The name of a function in a call, also of base::get.
called_name <- function(head) {
  if (is.call(head) && length(head) == 3L && is.symbol(head[[1L]]) && as.character(head[[1L]]) %in% c("::", ":::")) head <- head[[3L]]
  if (is.symbol(head)) as.character(head) else ""
}

# Whether a call of a function that takes a name has one that is computed: no text, no function, and no variable of the surroundings, which travels anyway.
is_computed <- function(call, free) {
  if (length(call) < 2L || is_missing_symbol(call[[2L]])) return(FALSE)
  name <- call[[2L]]
  if (is.symbol(name)) return(!as.character(name) %in% free)
  is.call(name) && !called_name(name[[1L]]) %in% c("function", "::", ":::", "~")
}

is_constant_name <- function(e) {
  if (missing(e)) return(FALSE)
  is.character(e) || is.call(e) && identical(e[[1L]], quote(c)) && length(e) > 1L && all(vapply(as.list(e)[-1L], is.character, NA))
}

constant_names <- function(e) if (is.character(e)) e else unlist(as.list(e)[-1L])

# `...`, `..1`, `..2` and so on.
is_dots <- function(names) grepl("^\\.\\.(\\.|[0-9]+)$", names)

# Two ways of looking are joined. "ordered" sees `x <- x + 1`; "liberal" sees a variable that is only set in one branch.
# Package globals is loaded with this one where calls are made (.onLoad()).
free_names <- function(fun, method) {
  suppressWarnings(globals::findGlobals(fun, method = method, dotdotdot = "ignore"))
}

is_missing_symbol <- function(x) is.symbol(x) && !nzchar(as.character(x))

# Frames that every R process has of its own: namespaces, base, and attached packages. Nothing of them travels.
is_package_frame <- function(env) {
  if (identical(env, baseenv()) || isNamespace(env)) return(TRUE)
  name <- attr(env, "name", exact = TRUE)
  is.character(name) && startsWith(name[[1L]], "package:")
}

# Whether a function of this name is in a frame.
is_function_there <- function(name, env) exists(name, envir = env, mode = "function", inherits = FALSE)
