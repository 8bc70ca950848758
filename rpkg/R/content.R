# What tells one run from another, by content: code without its source references, values, the variables of frames. The same in every
# session, whatever R compiled or kept in another form meanwhile.

# A short name for the content of a value.
content_of <- function(value) {
  within_stack({
    if (is_bare(value) || is.null(native(ms_code(value))) && native(ms_survey(value))[[1L]] == 0) return(native(ms_content(value)))
    print_of(content_parts(value, new.env(parent = emptyenv())))
  })
}

# A short name for plain lists and text.
print_of <- function(plain) native(ms_content(plain))

# A value as plain lists and text. `frames`: the environments that were met, by number.
content_parts <- function(value, frames) {
  type <- typeof(value)
  if (type == "environment") return(list("frame", frame_parts(value, frames)))
  own <- attributes(value)
  own$srcref <- own$srcref_file <- NULL
  about <- if (length(own)) lapply(own[order(names(own))], content_parts, frames)
  what <- switch(type,
    closure = list(print_of_code(list(formals(value), body(value))), frame_parts(environment(value), frames)),
    list = , expression = lapply(seq_along(value), function(i) content_parts(.subset2(value, i), frames)),
    builtin = , special = deparse(value), language = , symbol = , pairlist = , bytecode = print_of_code(value),
    logical = , integer = , double = , complex = , character = , raw = , `NULL` = native(ms_content(as.vector(value))), ""
  )
  list(type, what, about)
}

# The variables of a frame, by name. Those that every process has of its own are their names.
frame_parts <- function(env, frames) {
  if (identical(env, globalenv())) return("global")
  if (identical(env, emptyenv())) return("empty")
  if (is_package_frame(env)) return(environmentName(env))
  known <- ls(frames, sorted = FALSE)
  for (number in known) if (identical(frames[[number]], env)) return(number)
  assign(as.character(length(known) + 1L), env, envir = frames)
  names <- sort(ls(env, all.names = TRUE, sorted = FALSE), method = "radix")
  values <- lapply(names, function(name) {
    if (bindingIsActive(as.name(name), env)) return(content_parts(activeBindingFunction(as.name(name), env), frames))
    # An argument that was not given has no value.
    value <- tryCatch(list(get(name, envir = env, inherits = FALSE)), error = function(e) NULL)
    if (is.null(value)) "" else content_parts(value[[1L]], frames)
  })
  list(names, values, frame_parts(parent.env(env), frames))
}

# A short name for code: calls, the formals and the body of a function.
print_of_code <- function(code) {
  bytes <- serialize(bare_code(code), NULL, version = 2L, xdr = FALSE, refhook = function(reference) "")[-seq_len(14L)]
  native(ms_fingerprint(bytes))
}

# Code without source references.
bare_code <- function(code) {
  if (!is.call(code) && !is.pairlist(code) && !is.list(code)) return(code)
  if (is.call(code)) {
    attributes(code)[c("srcref", "srcfile", "wholeSrcref")] <- NULL
    if (identical(code[[1L]], quote(`function`))) code <- code[1:3]
  }
  parts <- as.list(code)
  there <- !vapply(parts, is_missing_symbol, NA)
  for (i in which(there)) if (!is.null(parts[[i]])) code[[i]] <- bare_code(parts[[i]])
  code
}

# What tells the run of a program: values by name. Names say what people know.
identity_of <- function(program) {
  spec <- program$spec
  parts <- list("R's minor version" = paste(R.version$major, sub("\\..*", "", R.version$minor), sep = "."), "the plan" = plan_print(spec))
  for (i in seq_along(spec$data)) {
    name <- make.unique(c(names(parts), sprintf("'%s'", spec$data_names[[i]])))[[length(parts) + 1L]]
    parts[[name]] <- content_of(read_name(spec$data[[i]]))
  }
  for (i in seq_along(spec$passes)) {
    pass <- spec$passes[[i]]
    label <- make.unique(vapply(spec$passes[seq_len(i)], `[[`, "", "name"))[[i]]
    parts <- c(parts, pass_identity(pass, spec$data, sprintf("pass '%s'", label)))
  }
  vapply(parts, identity, "")
}

# A registered variable's value.
read_name <- function(value) {
  if (inherits(value, "memshare_name")) peek(value) else value
}

pass_identity <- function(pass, data, label) {
  head <- unserialize(pass$payload)
  body <- native(ms_unpack(head$body, data[pass$captured]))
  frames <- new.env(parent = emptyenv())
  fun <- body$fun
  code <- if (typeof(fun) == "closure") print_of_code(list(formals(fun), body(fun))) else deparse(fun)
  used <- list(
    if (typeof(fun) == "closure") frame_parts(environment(fun), frames), content_parts(body$dots, frames),
    lapply(body$frame_dots, function(entry) content_parts(entry$values, frames)), content_parts(body$functions, frames),
    content_parts(body$globals[order(as.character(names(body$globals)), method = "radix")], frames), body$variables, content_parts(body$form, frames)
  )
  parts <- list(code, print_of(used), print_of(head$on_error), if (is.null(head$seed)) "drawn" else as.character(head$seed))
  names(parts) <- paste(c("FUN of", "what FUN uses in", "on_error of", "the seed of"), label)
  parts
}

# The shape of a plan: passes, what they read, what is wanted. Not how it is cut, nor by how many workers.
plan_print <- function(spec) {
  shape <- lapply(spec$passes, function(pass) {
    list(pass$n, lapply(pass$inputs, unname_deep), names(pass$sides), lapply(pass$sides, unname_deep), pass$levels, length(pass$captured))
  })
  print_of(list(shape, as.double(spec$gather), length(spec$data)))
}

# Numbers of one type, so that 1L and 1 are the same.
unname_deep <- function(part) lapply(part, function(x) if (is.numeric(x)) as.double(x) else x)
