# Handles of memRun(wait = FALSE) as promises, for package promises, and Shiny with it. A run has no descriptor that could be waited for, so it is
# asked for its end, often at first, later ten times a second.

#' @exportS3Method promises::as.promise memshare_handle
as.promise.memshare_handle <- function(x) promises::promise(function(resolve, reject) look_again(x, resolve, reject, 0.005))

# As long as it is looked for, the handle is held, and its run goes on.
look_again <- function(handle, resolve, reject, pause) {
  tryCatch(
    if (resolved.memshare_handle(handle)) {
      resolve(collect.memshare_handle(handle))
    } else {
      later::later(function() look_again(handle, resolve, reject, min(pause * 1.2, 0.1)), pause)
    },
    error = reject
  )
}

is.promising.memshare_handle <- function(x) TRUE

# To be called when this package is loaded.
register_promise_methods <- function() when_loaded("promises", register_with_promises)

# A generic of newer versions alone.
register_with_promises <- function(package) {
  promises <- asNamespace(package)
  if ("UseMethod" %in% all.names(body(promises$is.promising))) {
    registerS3method("is.promising", "memshare_handle", is.promising.memshare_handle, envir = promises)
  }
}
