# How memOuter() cuts the pairs of two collections into tiles, what a worker does with one, and how the matrix is put together.
#
# `how` says it: `n`, how many columns or items each side has, and their `names`; `columns`, whether they are columns of a matrix; the `size` of a
# tile; `symmetric` and `block`; `into`, the namespace and name of the variable that the tiles are written into, if there is one. A tile is c(first,
# last, first, last): of the left side, of the right side.

# The bytes that a side of a tile has at most, where nobody says how large it is to be; and its columns.
tile_bytes <- 2^19
tile_columns <- 256

# X or Y as an input that is there as a whole, under the name `side`.
compared <- function(x, expression, side, asked) {
  refuse_filtered(x, if (side == ".left") "X" else "Y", asked$call)
  found <- collection_of(x, 2L, asked$namespace, asked$given, asked$call)
  input <- called(found$x, expression)
  columns <- input$cut == "column"
  input$cut <- "shared"
  input$side <- side
  input$what <- "tile"
  input["sizes"] <- list(NULL)
  if (!columns) input$items <- found$n
  list(input = input, n = found$n, names = found$names, columns = columns, height = if (columns) input$dim[[1L]] else 1)
}

# By the dims alone, so that the value of FUN for a block is the same with any workers.
tile_size <- function(left, right, size) {
  most <- max(left$n, right$n, 1)
  if (is.null(size)) size <- min(tile_columns, tile_bytes / (8 * max(left$height, right$height, 1)), ceiling(most / 8))
  min(max(1, floor(size)), most)
}

# "columns 1 to 10 with columns 11 to 20".
tile_names <- function(tiles, how) {
  if (!length(tiles)) return(NULL)
  cut <- vapply(tiles, identity, numeric(4L))
  said <- function(from, to, columns) {
    what <- if (columns) "column" else "item"
    ifelse(from == to, sprintf("%s %.0f", what, from), sprintf("%ss %.0f to %.0f", what, from, to))
  }
  paste(said(cut[1L, ], cut[2L, ], how$columns[[1L]]), "with", said(cut[3L, ], cut[4L, ], how$columns[[2L]]))
}

# The variable that tiles are written into, which has the matrix's dims.
check_into <- function(into, dim, asked) {
  into <- check_string(into, "into", asked$call)
  if (!asked$given) abort_input("into is the name of a variable and needs NAMESPACE", asked$call)
  found <- known_of(asked$namespace, into, asked$call)
  if (!identical(as.double(found$dim), as.double(dim))) {
    extents <- if (length(found$dim)) paste(found$dim, collapse = " x ") else "no dims"
    abort_input(sprintf("into needs a matrix of %s, and '%s' has %s", paste(dim, collapse = " x "), harmless(into), extents), asked$call)
  }
  c(asked$namespace, into)
}

matrix_names <- function(names) if (!all(vapply(names, is.null, NA))) names

# Runs on a worker, in place of FUN: the matrix of a tile, or NULL where it is written into a variable. `...` are the further arguments of FUN.
outer_tile <- function(.tile, ..., .left, .right = .left, .f, .how) {
  rows <- .tile[[1L]]:.tile[[2L]]
  columns <- .tile[[3L]]:.tile[[4L]]
  mirrored <- .how$symmetric && rows[[1L]] == columns[[1L]]
  out <- if (.how$block) {
    tile_of_block(.f(block_of(.left, rows), block_of(.right, columns), ...), c(length(rows), length(columns)))
  } else {
    sides <- list(lapply(rows, part_at, .left), lapply(columns, part_at, .right))
    tile_of_pairs(.f, sides, c(rows[[1L]], columns[[1L]]), mirrored, ...)
  }
  if (mirrored) out <- mirror_upper(out)
  if (is.null(.how$into)) return(out)
  write_tile(.how, .tile, out)
  NULL
}

block_of <- function(x, at) if (length(dim(x)) == 2L) x[, at, drop = FALSE] else x[at]

part_at <- function(at, x) if (length(dim(x)) == 2L) x[, at] else x[[at]]

tile_of_block <- function(value, dim) {
  if (is.object(value) && length(dim(value)) == 2L) value <- as.matrix(value)
  if (!is.atomic(value) || !identical(as.double(dim(value)), as.double(dim))) {
    stop(sprintf("FUN must give a matrix of %s for a block, not %s", paste(dim, collapse = " x "), describe(value)), call. = FALSE)
  }
  unname(value)
}

# Each column or item of the left side with each of the right, which begin `.at` these. Of a `.mirrored` tile FUN is called for the upper triangle.
tile_of_pairs <- function(.f, .sides, .at, .mirrored, ...) {
  .xs <- .sides[[1L]]
  .ys <- .sides[[2L]]
  .values <- rep(list(NA), length(.xs) * length(.ys))
  .i <- .j <- 1L
  withCallingHandlers(
    for (.j in seq_along(.ys)) for (.i in seq_len(if (.mirrored) .j else length(.xs))) {
      .value <- .f(.xs[[.i]], .ys[[.j]], ...)
      if (!is.atomic(.value) || length(.value) != 1L) {
        stop(sprintf("FUN must give one value for a pair, not %s", describe(.value)), call. = FALSE)
      }
      .values[[(.j - 1L) * length(.xs) + .i]] <- .value
    },
    error = function(e) if (!signals(sys.function(-1L))) stop(of_pair(e, .at + c(.i, .j) - 1))
  )
  matrix(unlist(.values, use.names = FALSE), length(.xs))
}

# An error that says at which pair it was.
of_pair <- function(error, pair) {
  if (is.character(error$message)) error$message <- sprintf("pair %.0f, %.0f: %s", pair[[1L]], pair[[2L]], error$message[[1L]])
  error
}

mirror_upper <- function(x) {
  lower <- lower.tri(x)
  x[lower] <- t(x)[lower]
  x
}

# Runs on a worker: the matrix of all tiles.
assemble_tiles <- function(.values, .how) {
  if (!is.null(.how$into)) return(NULL)
  type <- typeof(unlist(lapply(.values, `[`, 1L)))
  out <- matrix(vector(type, 1L), .how$n[[1L]], .how$n[[2L]], dimnames = matrix_names(.how$names))
  tiles <- tiles_of(.how)
  for (k in seq_along(tiles)) {
    rows <- tiles[[k]][[1L]]:tiles[[k]][[2L]]
    columns <- tiles[[k]][[3L]]:tiles[[k]][[4L]]
    out[rows, columns] <- .values[[k]]
    if (.how$symmetric && rows[[1L]] != columns[[1L]]) out[columns, rows] <- t(.values[[k]])
  }
  out
}
