# What this session holds, for people who look for a leak.

#' What this session holds in shared memory
#'
#' `viewList()` lists the views this session retrieved and has not released; `pageList()` lists the variables it registered, and what failed
#' runs left for [memRedo()], as `(kept).pass`.
#'
#' @param CLUSTER `NULL`, or a cluster of package parallel: what the nodes of its hosts registered.
#' @param host_timeout Whole seconds within which the nodes must have answered.
#' @return A character vector of `namespace.variable`, of length 0 when there is nothing. With `CLUSTER` a list of such vectors, one for each host,
#'   with the host's name; on the machine of this session its own variables are among them. A node that does not answer is an error of class
#'   `memshare_error_cluster` that names it.
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
pageList <- function(CLUSTER = NULL, host_timeout = 30) {
  own <- c(native(ms_page_list()), kept_pages())
  if (is.null(CLUSTER)) own else pages_on(CLUSTER, own, host_timeout, sys.call())
}
