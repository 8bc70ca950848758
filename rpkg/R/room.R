# Sharing when memory is short.

# Shares what `share()` shares, and when memory is short tries once more after views that nobody holds any more were collected:
# here at once, in the workers as soon as they are idle.
with_room <- function(share, call) {
  value <- within_stack({
    value <- share()
    # A jump of R goes on from here, while all that it may lead to stands.
    if (lacks_room(value)) value else native(value, call)
  }, call)
  if (!lacks_room(value)) return(value)
  gc(verbose = FALSE)
  Sys.sleep(0.2)
  within_stack(native(share(), call), call)
}

lacks_room <- function(value) inherits(value, "memshare_native_error") && identical(value$kind, "no_space")
