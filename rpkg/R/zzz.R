# Loading and leaving. R calls no unload hook of the DLL that extendr registered, so memory and processes are given back from
# here: by .onUnload, and by a finalizer that also runs when R quits.
#
# Methods for generics of packages that may not be loaded: NAMESPACE registers them (`@exportS3Method package::generic`), by which R does so as
# soon as the package is. What is registered here is for generics that not all versions have, of which R would complain.

.onLoad <- function(libname, pkgname) {
  session <- new.env(parent = emptyenv())
  reg.finalizer(session, function(e) try(ms_cleanup(), silent = TRUE), onexit = TRUE)
  state$session <- session
  # It sets options when it is loaded, and a call must change none. What forks workers is to be there soon, and needs it for nested calls alone.
  if (!"memshare:::worker_main()" %in% commandArgs()) loadNamespace("globals")
  register_shared_generics()
  register_cluster_type()
  register_future_methods()
  register_promise_methods()
}

.onUnload <- function(libpath) {
  # An error keeps the library loaded: a thread of it still runs.
  native(ms_cleanup())
  # Finalizers of handles and plans that come later find that their native side is gone.
  state$session <- NULL
  library.dynam.unload("memshare", libpath)
}
