# What bench/native.c does in C, compiled where it is needed: `copy(x)` into new memory, and `put(x, path, at)` into a file, by one thread.
native_copies <- function() {
  directory <- tempfile("native-")
  dir.create(directory)
  file.copy("bench/native.c", directory)
  system2(file.path(R.home("bin"), "R"), c("CMD", "SHLIB", shQuote(file.path(directory, "native.c"))), stdout = FALSE)
  library <- dyn.load(file.path(directory, "native.so"))
  copy <- getNativeSymbolInfo("copy", library)
  put <- getNativeSymbolInfo("put", library)
  list(copy = function(x) .Call(copy, x), put = function(x, path, at) .Call(put, x, path, at))
}
