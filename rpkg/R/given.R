# How a call's arguments were written. R completes the names of arguments that stand before `...`, so that an argument meant for FUN can
# become one of ours: `M = 5` would be MAX.CORES. And without a name it takes the place of NAMESPACE. Both are errors here.

# Raises an error for an argument that R took for one of `ours` by the beginning of its name. `written` are written_names().
check_written <- function(written, call, ours) {
  # Quickly told: most calls have none.
  partial <- FALSE
  for (name in written) partial <- partial || nzchar(name) && !any(name == ours) && any(startsWith(ours, name))
  if (!partial) return(invisible())
  for (name in ours[!ours %in% written]) {
    short <- written[nzchar(written) & startsWith(name, written)]
    if (length(short)) abort_input(sprintf(
      "'%s' is the beginning of %s, and R takes it for that: write %s = in full, or, for FUN's argument '%s', VARS = list(%s = ...)",
      short[[1L]], name, name, short[[1L]], short[[1L]]
    ), call)
  }
  invisible()
}

# The names of a call's arguments, those that come through the caller's `...` with them; NULL where there are none.
written_names <- function(call, caller) {
  names <- names(call)
  for (i in seq_along(call)) {
    if (is.symbol(call[[i]]) && call[[i]] == "...") return(c(names, names(eval(quote(substitute(list(...))), caller))))
  }
  names
}

# What check_written() looks for.
our_names <- c("NAMESPACE", "VARS", "MAX.CORES", "CLUSTER")

# Raises an error for a NAMESPACE that has no name in the call and that nothing uses: it is an argument of FUN that stands too early.
check_used <- function(namespace, used, written, call) {
  if (used || "NAMESPACE" %in% written) return(invisible())
  abort_input(sprintf("NAMESPACE is %s, but nothing is named in it. %s", describe(namespace), further_hint), call)
}

further_hint <- paste(
  "If this is an argument of FUN, give it with its name, or behind CLUSTER; if it is the namespace, write NAMESPACE ="
)

# The namespace of a call that names none: FUN's own name.
own_namespace <- function(label) if (nzchar(label)) label else "unnamed"

# The namespace that a call gives, checked.
namespace_of <- function(namespace, label, written, call) {
  named <- "NAMESPACE" %in% written
  refuse <- function(problem) abort_input(paste0("NAMESPACE ", problem, ". ", further_hint), call)
  if (!named) tryCatch(force(namespace), error = function(e) refuse(paste("cannot be evaluated:", conditionMessage(e))))
  if (is.null(namespace)) return(own_namespace(label))
  if (!named && !(is.character(namespace) && length(namespace) == 1L)) {
    refuse(paste("must be one non-empty string, not", describe(namespace)))
  }
  check_namespace(namespace, call, "NAMESPACE")
}

# What base R's functions and mclapply() have as arguments of their own, and what says it here; by verb.
elsewhere <- local({
  simplify <- "write CONTROL = memControl(simplify = ...)"
  cores <- "write MAX.CORES = ..."
  names <- "take names off the value by unname()"
  tree <- "see ?memReduce for its order"
  list(
    memApply = c(simplify = simplify, mc.cores = cores), memLapply = c(simplify = simplify, USE.NAMES = names, mc.cores = cores),
    memMapply = c(SIMPLIFY = simplify, USE.NAMES = names, mc.cores = cores), memTapply = c(simplify = simplify),
    memReduce = c(right = tree, accumulate = tree, simplify = "the value is as FUN gives it")
  )
})

# Of the names of further arguments, one that FUN has no argument of: it was meant for us, and would become data of sum() or the like. Methods of a generic
# FUN may have it.
refuse_elsewhere <- function(further, fun, call) {
  if (is.null(further)) return(invisible())
  here <- elsewhere[[verb_of(call)]]
  name <- intersect(further, names(here))
  if (!length(name)) return(invisible())
  # Of `[` and its like R tells no arguments.
  like <- args(fun)
  if (!is.null(like)) name <- setdiff(name, names(formals(like)))
  if (!length(name) || dispatches(fun)) return(invisible())
  text <- "%s() has no argument '%s', and FUN has none of that name: %s; if FUN takes it in its `...`, write FUN = function(...) f(..., %s = )"
  abort_input(sprintf(text, verb_of(call), name[[1L]], here[[name[[1L]]]], name[[1L]]), call)
}
