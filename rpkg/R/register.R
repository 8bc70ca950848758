# Registering variables, and releasing them: here, and on the hosts of a cluster.

#' Share variables with other R processes
#'
#' `registerVariables()` copies R objects into shared memory under a namespace. Any R process of the same user on this machine
#' can then read them in place, without a copy, by [retrieveViews()], or by name in [memApply()] and [memLapply()].
#' `releaseVariables()` takes the names away again.
#'
#' All variables of a call are registered or, if one cannot be, none. The variables belong to the session that registered them:
#' only this session can release them, and they go when it ends (even if it is killed: the next session that starts memshare
#' removes what is left). Every vector type is kept as it is with all its attributes: double, integer, logical, complex, raw,
#' character, factors, dates and times, matrices, arrays, data frames, nested lists, `NULL`, and S4 objects by their slots.
#' What R cannot lay out in memory (functions, environments) travels serialized inside the page.
#'
#' `releaseVariables()` takes the name away at once; the memory goes when the last view of it is garbage collected, in this
#' session or any other. Views stay readable until then.
#'
#' @section Several hosts:
#' With a `CLUSTER` whose nodes are on other machines (see `vignette("backends", "memshare")`) each of its hosts gets the variables too, once: its leading
#' node, the first of the host, registers them there, and all nodes of the host can read them by [retrieveViews()]. A later call in that namespace which
#' names them, as `memApply("m", 2, f, NAMESPACE = "demo", CLUSTER = cluster)`, sends nothing of them. What is sent is known by its content: a host that has
#' the data already is sent only the name. Where all nodes of `CLUSTER` are on this machine there is nothing to send.
#'
#' If a host cannot take the variables, or gives no sign of life for `host_timeout` seconds, that is an error that names it, and no variable is registered
#' anywhere. A name that is in use, here or on a host, is an error as ever. The variables stay on the hosts until `releaseVariables()` or [memshare_gc()] with
#' that cluster, or until [parallel::stopCluster()]: this session's own copy stays then, and calls with another cluster send it as other data.
#' `releaseVariables()` without `CLUSTER` releases this session's own copy: calls do not find the name any more, and the hosts keep theirs. When a leading
#' node dies its variables go with it; calls go on, and send to the node that leads then what they need.
#'
#' @param namespace One string that names the shared-memory context.
#' @param variableList A named list of the objects to share.
#' @param CLUSTER `NULL`, or a cluster of package parallel, whose hosts get the variables too, or release them too.
#' @param host_timeout Whole seconds without a sign of life after which a host of `CLUSTER` is given up.
#' @return `registerVariables()` and `releaseVariables()` return `NULL` invisibly.
#' @seealso [retrieveViews()], [pageList()], [memshare_gc()]
#' @examples
#' registerVariables("demo", list(m = matrix(rnorm(20), 4), labels = letters))
#' pageList()
#' releaseVariables("demo", c("m", "labels"))
#'
#' cluster <- memHosts("localhost", workers = 1)
#' registerVariables("demo", list(m = matrix(1:6, 2)), CLUSTER = cluster)
#' memApply("m", 2, sum, NAMESPACE = "demo", CLUSTER = cluster)
#' releaseVariables("demo", "m", CLUSTER = cluster)
#' parallel::stopCluster(cluster)
#' @export
registerVariables <- function(namespace, variableList, CLUSTER = NULL, host_timeout = 30) {
  call <- sys.call()
  check_given(c(namespace = missing(namespace), variableList = missing(variableList)), call)
  namespace <- check_namespace(namespace, call)
  names <- names(variableList)
  if (!is.list(variableList) || is.object(variableList) || !length(variableList) || is.null(names) || !all(nzchar(names))) {
    abort_input(
      paste0("Unknown input format for variableList: a named list of objects is needed, like list(m = m), not ", describe(variableList)),
      call
    )
  }
  names(variableList) <- check_names(names, "variableList", call)
  hosts <- hosts_given(CLUSTER, host_timeout, call)
  share_variables(namespace, variableList, call)
  if (!is.null(hosts)) give_hosts(namespace, names(variableList), hosts, host_timeout, call)
  invisible(NULL)
}

#' @rdname registerVariables
#' @param variableNames A character vector of variables' names.
#' @export
releaseVariables <- function(namespace, variableNames, CLUSTER = NULL, host_timeout = 30) {
  call <- sys.call()
  check_given(c(namespace = missing(namespace), variableNames = missing(variableNames)), call)
  namespace <- check_namespace(namespace, call)
  names <- check_names(variableNames, "variableNames", call)
  hosts <- hosts_given(CLUSTER, host_timeout, call)
  if (!is.null(hosts)) {
    there <- release_on_hosts(namespace, names, hosts, host_timeout, call)
    # Those that only hosts had.
    names <- names[is_own(namespace, names) | !names %in% there]
    if (!length(names)) return(invisible(NULL))
  }
  unshare_variables(namespace, names, call)
  forget_forms(namespace, names)
  forget_contents(namespace, names)
  invisible(NULL)
}
