# Sharing variables, and reading them back. All of the work is native; these verbs check and name what they are given.

# Copies objects into shared memory under their names.
share_variables <- function(namespace, variables, call = NULL) {
  configure_place()
  with_room(function() ms_register(namespace, variables), call)
}

unshare_variables <- function(namespace, names, call = NULL) native(ms_release_variables(namespace, names), call)

# Whether this session registered variables.
is_own <- function(namespace, names) paste(namespace, names, sep = ".") %in% native(ms_page_list())

#' Read shared variables in place
#'
#' `retrieveViews()` gives R objects that read registered variables where they lie: no copy is made, whatever their size.
#' `releaseViews()` drops this session's claim on them.
#'
#' A view behaves like the object that was registered. It may be changed like any R object: the change stays in this process and
#' in this view, the shared data is never written. A view stays valid as long as R can reach it, also after `releaseViews()` and
#' after its owner's [releaseVariables()]: the memory goes when the last view is garbage collected. `saveRDS()` and
#' `serialize()` write a view's data in full. A view given to [memLapply()] and its like, also within a list or as a result of an
#' earlier call, is not copied again: workers read its page. One that was changed is copied, with the change.
#'
#' @param namespace One string that names the shared-memory context.
#' @param variableNames A character vector of variables' names.
#' @return `retrieveViews()` returns a list of views, named by `variableNames`. `releaseViews()` returns `NULL` invisibly.
#' @seealso [registerVariables()], [viewList()], [retrieveMetadata()]
#' @examples
#' registerVariables("demo", list(m = matrix(1:6, 2)))
#' views <- retrieveViews("demo", "m")
#' views$m[2, ]
#' releaseViews("demo", "m")
#' releaseVariables("demo", "m")
#' @export
retrieveViews <- function(namespace, variableNames) {
  call <- sys.call()
  check_given(c(namespace = missing(namespace), variableNames = missing(variableNames)), call)
  configure_place()
  namespace <- check_namespace(namespace, call)
  variables <- check_names(variableNames, "variableNames", call)
  native(ms_retrieve(namespace, variables), call)
}

#' @rdname retrieveViews
#' @export
releaseViews <- function(namespace, variableNames) {
  call <- sys.call()
  check_given(c(namespace = missing(namespace), variableNames = missing(variableNames)), call)
  native(ms_release_views(check_namespace(namespace, call), check_names(variableNames, "variableNames", call)), call)
  invisible(NULL)
}

#' What a shared variable is
#'
#' @inheritParams retrieveViews
#' @param variableName The variable's name, or several names.
#' @return For one name a list: `type` (`"matrix"`, `"vector"`, `"list"` ...), `nrow` and `ncol` of a matrix, `n` (the length),
#'   `storage` (as [typeof()] says), `class`, `dim`, `bytes`, `owner` (the process that registered it), `writable` (whether [memWrite()]
#'   may write into it) and `file` (the path of the file that [memMap()] mapped, or `NULL`). For several names a list of such
#'   lists, named by `variableName`.
#' @seealso [retrieveViews()]
#' @examples
#' registerVariables("demo", list(m = matrix(1:6, 2)))
#' retrieveMetadata("demo", "m")[c("type", "nrow", "ncol")]
#' releaseVariables("demo", "m")
#' @export
retrieveMetadata <- function(namespace, variableName) {
  call <- sys.call()
  check_given(c(namespace = missing(namespace), variableName = missing(variableName)), call)
  namespace <- check_namespace(namespace, call)
  names <- check_names(variableName, "variableName", call)
  found <- lapply(names, function(name) metadata(namespace, name, call))
  if (length(names) == 1L) found[[1L]] else stats::setNames(found, names)
}

# What native code knows of a variable.
known_of <- function(namespace, name, call = NULL) {
  configure_place()
  native(ms_metadata(namespace, name), call)
}

# The same in the words of retrieveMetadata().
metadata <- function(namespace, name, call = NULL) {
  found <- known_of(namespace, name, call)
  shape <- length(found$dim)
  type <- if ("data.frame" %in% found$class) {
    "data.frame"
  } else if (shape == 2L) {
    "matrix"
  } else if (shape) {
    "array"
  } else if (found$type %in% c("list", "NULL", "S4", "serialized")) {
    found$type
  } else {
    "vector"
  }
  matrix <- if (type == "matrix") list(nrow = found$dim[[1L]], ncol = found$dim[[2L]])
  c(
    list(type = type), matrix,
    list(
      n = found$length, storage = found$type, class = found$class, dim = found$dim, bytes = found$bytes, owner = found$owner,
      writable = found$writable, file = found$file
    )
  )
}
