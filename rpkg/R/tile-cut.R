# Which tiles memOuter() cuts the pairs of two collections into, and writing one into a variable; `how` is as in tiles.R.

# The tiles, column by column.
tiles_of <- function(how) {
  if (any(how$n == 0)) return(list())
  first <- lapply(how$n, function(n) seq(1, n, by = how$size))
  a <- rep(seq_along(first[[1L]]), length(first[[2L]]))
  b <- rep(seq_along(first[[2L]]), each = length(first[[1L]]))
  if (how$symmetric) {
    upper <- a <= b
    a <- a[upper]
    b <- b[upper]
  }
  ends <- Map(function(from, n) pmin(from + how$size - 1, n), first, how$n)
  cut <- rbind(first[[1L]][a], ends[[1L]][a], first[[2L]][b], ends[[2L]][b])
  lapply(seq_along(a), function(k) cut[, k])
}

# Writes the matrix of a tile into the variable that they go into, and into the other half of a symmetric one.
write_tile <- function(how, tile, out) {
  rows <- tile[[1L]]:tile[[2L]]
  columns <- tile[[3L]]:tile[[4L]]
  memWrite(how$into[[1L]], how$into[[2L]], out, list(rows, columns))
  if (how$symmetric && rows[[1L]] != columns[[1L]]) memWrite(how$into[[1L]], how$into[[2L]], t(out), list(columns, rows))
}
