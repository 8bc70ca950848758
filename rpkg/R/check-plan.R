# What can be known to be wrong before anything runs. Each finding is a memshare_error_plan that names the pass.

check_program <- function(program, call) {
  order <- program$order
  labels <- program$labels
  namespaces <- unique(unlist(lapply(order, function(pass) if (pass$given) pass$namespace)))
  if (length(namespaces) > 1L) {
    at <- vapply(namespaces[1:2], function(space) {
      which(vapply(order, function(pass) pass$given && pass$namespace == space, NA))[[1L]]
    }, 0L)
    abort_plan(
      labels[[at[[2L]]]], sprintf(
        "it works in namespace '%s', but pass '%s' in '%s'; the passes of a plan share one namespace", namespaces[[2L]], labels[[at[[1L]]]],
        namespaces[[1L]]
      ), call
    )
  }
  for (i in seq_along(order)) {
    pass <- order[[i]]
    if (pass$n == 0) next
    for (input in pass$inputs) check_input_still(input, pass, labels[[i]], call)
    for (source in pass$vars) if (inherits(source, "memshare_name")) still_registered(source, labels[[i]], call)
    hungry <- unfed_argument(pass)
    if (!is.null(hungry)) {
      abort_plan(
        labels[[i]],
        sprintf("nothing gives FUN's argument '%s': put it into VARS, as list(%s = ...), or give it a default", hungry, hungry),
        call, argument = hungry
      )
    }
  }
  check_taken(program, call)
}

abort_plan <- function(label, message, call, ..., class = character()) {
  stop(memshare_condition("error", "plan", sprintf("pass '%s': %s", label, message), pass = label, ..., call = call, class = class))
}

# A registered variable that a pass reads may have gone since, or have become another.
still_registered <- function(source, label, call) {
  tryCatch(
    known_of(source[[1L]], source[[2L]], call),
    memshare_error_not_allocated = function(e) {
      abort_plan(label, conditionMessage(e), call, class = c("memshare_error_not_allocated", "memshare_error", "error"), parent = e)
    }
  )
}

check_input_still <- function(input, pass, label, call) {
  source <- input$source
  if (!inherits(source, "memshare_name")) return(invisible())
  found <- still_registered(source, label, call)
  wanted <- if (!is.null(input$dim)) input$dim else if (is.null(input$items)) pass$n else input$items
  has <- if (is.null(input$dim)) found$length else found$dim
  if (length(has) == length(wanted) && all(has == wanted)) return(invisible())
  size <- function(n) paste(format(n, trim = TRUE, scientific = FALSE), collapse = " x ")
  abort_plan(
    label, sprintf(
      "'%s' in namespace '%s' was of size %s when the pass was made, and now is of %s; make the pass anew", source[[2L]], source[[1L]],
      size(wanted), if (length(has)) size(has) else size(found$length)
    ), call
  )
}

# What was read when a pass was made is not read again: without this, a run would go on with what the variable had then.
check_taken <- function(program, call) {
  for (i in seq_along(program$order)) {
    for (taken in program$order[[i]]$taken) {
      source <- taken$source
      if (still_registered(source, program$labels[[i]], call)$serial == taken$serial) next
      text <- "'%s' in namespace '%s' was registered anew since the pass was made, which has the values of then; make the pass anew"
      abort_plan(program$labels[[i]], sprintf(text, source[[2L]], source[[1L]]), call)
    }
  }
}

# An argument of FUN without a default that its body uses and nothing gives, or NULL. Only where that is certain: of functions
# that users write, and not where FUN asks missing() or sets the variable itself.
unfed_argument <- function(pass) {
  fun <- pass$fun
  if (!is.function(fun) || is.primitive(fun) || is_package_frame(environment(fun))) return(NULL)
  formals <- formals(fun)
  open <- setdiff(names(formals)[vapply(formals, is_missing_symbol, NA)], "...")
  named <- side_arguments(pass)
  if (!length(setdiff(open, named))) return(NULL)
  dots <- names(pass$dots)
  if (is.null(dots)) dots <- character(length(pass$dots))
  names <- c(pass$elements, named, dots)
  call <- as.call(c(quote(FUN), stats::setNames(rep(list(TRUE), length(names)), names)))
  matched <- tryCatch(match.call(fun, call, expand.dots = FALSE, envir = baseenv()), error = function(e) NULL)
  if (is.null(matched)) return(NULL)
  for (name in setdiff(open, names(matched))) if (surely_uses(body(fun), name)) return(name)
  NULL
}

# Whether code uses an argument as a value. `x[i, ]` may leave i out; who asks missing(i) knows what to do.
surely_uses <- function(code, name) {
  used <- settled <- FALSE
  walk <- function(e) {
    if (is_missing_symbol(e)) return(invisible())
    if (is.symbol(e)) {
      if (identical(as.character(e), name)) used <<- TRUE
      return(invisible())
    }
    if (!is.call(e)) return(invisible())
    head <- if (is.symbol(e[[1L]])) as.character(e[[1L]]) else ""
    parts <- as.list(e)[-1L]
    mine <- vapply(parts, function(part) is.symbol(part) && identical(as.character(part), name), NA)
    if (head %in% c("missing", "<-", "=", "<<-", "for") && length(mine) && mine[[1L]]) settled <<- TRUE
    if (head == "function") return(invisible())
    if (head %in% c("[", "[[") && length(mine)) mine[[1L]] <- FALSE
    if (head %in% c("[", "[[", "missing", "quote", "substitute")) parts <- parts[!mine]
    if (head %in% c("$", "@")) parts <- parts[1L]
    if (!nzchar(head)) walk(e[[1L]])
    for (part in parts) walk(part)
  }
  walk(code)
  used && !settled
}
