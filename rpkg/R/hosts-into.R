# memOuter(into = ) over several hosts: the variable is this machine's, so that workers hand the tiles in and this session writes them, block by block as they
# come. From then on a tile's value is NULL, as on one machine.

# Of each pass of a program: how its tiles are cut and where they are written, or NULL where it writes none.
written_by <- function(program) {
  lapply(seq_along(program$spec$passes), function(i) {
    pass <- program$order[[program$owner[[i]]]]
    how <- if (pass$verb == "outer" && program$what[[i]] == "map") pass$runs$dots$.how
    if (!is.null(how$into)) list(how = how, tiles = tiles_of(how))
  })
}

# The spec of a program whose workers hand tiles in (prepare.R).
handing_in <- function(spec, written) {
  for (i in which(lengths(written) > 0L)) {
    payload <- unserialize(spec$passes[[i]]$payload)
    spec$passes[[i]]$payload <- serialize(c(payload, list(handed_in = TRUE)), NULL, xdr = FALSE)
  }
  spec
}

# Writes the tiles of what a host handed in. `written`: what each pass of the phase writes, whose values are in the places `gather`. Where a tile does not
# fit into the variable that is the error of its element.
write_handed_in <- function(came, written, gather) {
  for (k in seq_along(gather)) {
    of <- written[[gather[[k]]]]
    if (is.null(of)) next
    for (i in seq_along(came$values[[k]])) {
      at <- came$from + i - 1
      error <- tryCatch(write_tile(of$how, of$tiles[[at]], came$values[[k]][[i]]), memshare_error = identity)
      if (inherits(error, "memshare_error")) {
        came$error <- list(kind = "element", pass = gather[[k]], index = i, condition = error, written = TRUE)
        return(came)
      }
    }
    came$values[[k]] <- vector("list", length(came$values[[k]]))
  }
  came
}
