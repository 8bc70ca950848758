# Loading and leaving. R calls no unload hook of the DLL that extendr registered, so memory and processes are given back from
# here: by .onUnload, and by a finalizer that also runs when R quits.

.onLoad <- function(libname, pkgname) {
  session <- new.env(parent = emptyenv())
  reg.finalizer(session, function(e) try(give_back(), silent = TRUE), onexit = TRUE)
  state$session <- session
}

.onUnload <- function(libpath) {
  give_back()
  library.dynam.unload("memshare", libpath)
}

# First the workers, which read the pages, then the pages.
give_back <- function() {
  ms_pool_stop()
  ms_cleanup()
}
