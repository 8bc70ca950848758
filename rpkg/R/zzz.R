# Loading and leaving. R calls no unload hook of the DLL that extendr registered, so memory and processes are given back from
# here: by .onUnload, and by a finalizer that also runs when R quits.

.onLoad <- function(libname, pkgname) {
  session <- new.env(parent = emptyenv())
  reg.finalizer(session, function(e) try(ms_cleanup(), silent = TRUE), onexit = TRUE)
  state$session <- session
  register_shared_generics()
  register_cluster_methods()
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
