# Sharing when memory is short.

# Shares what `share()` shares, and when memory is short tries once more after views that nobody holds any more were collected:
# here at once, in the workers as soon as they are idle.
with_room <- function(share, call) within_stack(room_for(share, call), call)

# The same for whoever is within_stack() already.
room_for <- function(share, call) {
  value <- share()
  if (!lacks_room(value)) return(native(value, call))
  gc(verbose = FALSE)
  Sys.sleep(0.2)
  native(share(), call)
}

lacks_room <- function(value) is.object(value) && inherits(value, "memshare_native_error") && identical(value$kind, "no_space")
