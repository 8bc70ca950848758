# What this session holds, for people who look for a leak.

#' What this session holds in shared memory
#'
#' `viewList()` lists the views this session retrieved and has not released; `pageList()` lists the variables it registered, and what failed
#' runs left for [memRedo()], as `(kept).pass`.
#'
#' @return A character vector of `namespace.variable`, of length 0 when there is nothing.
#' @seealso [retrieveViews()], [registerVariables()], [memshare_gc()]
#' @examples
#' registerVariables("demo", list(y = 1:10))
#' views <- retrieveViews("demo", "y")
#' viewList()
#' pageList()
#' memshare_gc("demo")
#' pageList()
#' @export
viewList <- function() native(ms_view_list())

#' @rdname viewList
#' @export
pageList <- function() c(native(ms_page_list()), kept_pages())
