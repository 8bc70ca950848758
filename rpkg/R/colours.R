# Colours and small helpers of the pictures. The colours are those of Okabe and Ito, which people with any kind of colour vision tell
# apart, but for two: their second blue looks like the first where that is pale. A mark never stands on colour alone.

ink <- list(
  text = "grey20", faint = "grey60", line = "grey45", lane = "grey93", paper = "white", path = "#D55E00", memory = "#56B4E9",
  registered = "grey75", other = "grey70"
)

# Colours for so many things; those after the seventh share grey.
colours_for <- function(n) {
  okabe <- c("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#8C564B", "#F0E442", "#6A3D9A")
  c(okabe, rep(ink$other, max(0L, n - length(okabe))))[seq_len(n)]
}

# Margins in lines that leave at least half of a figure of `din` inches (the height shared by `parts`) to the picture.
fitting_margins <- function(mar, din = graphics::par("din"), parts = 1) {
  line <- graphics::par("csi") * graphics::par("mex")
  room <- c(din[[2L]] * parts, din[[1L]]) * 0.5 / line
  pair <- c(mar[[1L]] + mar[[3L]], mar[[2L]] + mar[[4L]])
  shrink <- pmin(1, room / pmax(pair, 1e-6))
  mar * shrink[c(1L, 2L, 1L, 2L)]
}

# Draws, and gives the device back as it was. What does not fit in spite of all is drawn without margins.
on_paper <- function(draw, plain) {
  old <- graphics::par(c("mar", "mgp", "tcl", "las", "xpd", "cex", "mfrow", "oma"))
  on.exit({
    graphics::layout(1)
    graphics::par(mfrow = old$mfrow)
    graphics::par(old)
  })
  tryCatch(draw(), error = function(e) {
    if (!grepl("margins too large|plot region too large|invalid graphics state", conditionMessage(e))) stop(e)
    graphics::layout(1)
    graphics::par(mar = rep(0.2, 4), oma = rep(0, 4))
    tryCatch(plain(), error = function(e) {
      if (!grepl("margins too large|plot region too large", conditionMessage(e))) stop(e)
      graphics::par(mar = rep(0, 4))
    })
  })
}

# A legend in the top margin, so that it never lies on data: keys from left to right in up to `rows` lines, the last of them `line`
# lines above the picture; `draw(x, y, i, size)` draws the i-th key. What there is no room for is shown by "...".
margin_keys <- function(labels, draw, line = 0.4, rows = 2L, cex = 0.85) {
  usr <- graphics::par("usr")
  pin <- graphics::par("pin")
  per_inch <- c(usr[[2L]] - usr[[1L]], usr[[4L]] - usr[[3L]]) / pin
  height <- graphics::par("csi") * cex * graphics::par("cex")
  wide <- graphics::strwidth(labels, units = "inches", cex = cex) + 2.5 * height
  room <- pin[[1L]] + graphics::par("mai")[[4L]]
  row <- rep(1L, length(labels))
  at <- numeric(length(labels))
  used <- 0
  for (i in seq_along(labels)) {
    if (used > 0 && used + wide[[i]] - height > room) {
      row[i:length(labels)] <- row[[i]] + 1L
      used <- 0
    }
    at[[i]] <- used
    used <- used + wide[[i]]
  }
  shown <- which(row <= rows)
  top <- max(row[shown], 0L)
  left_out <- length(shown) < length(labels)
  place <- function(i) {
    y <- usr[[4L]] + (line * graphics::par("csi") * graphics::par("cex") + (top - row[[i]] + 0.5) * 1.25 * height) * per_inch[[2L]]
    c(usr[[1L]] + at[[i]] * per_inch[[1L]], y)
  }
  for (i in shown) {
    xy <- place(i)
    last <- left_out && i == shown[[length(shown)]]
    if (!last) draw(xy[[1L]], xy[[2L]], i, c(1.3 * height, height) * per_inch)
    text <- if (last) "..." else labels[[i]]
    graphics::text(xy[[1L]] + 1.6 * height * per_inch[[1L]], xy[[2L]], text, adj = c(0, 0.5), cex = cex, xpd = NA, col = ink$text)
  }
  invisible(top)
}

# About how many lines margin_keys() will take, with a left margin of so many lines.
lines_of_keys <- function(labels, left, rows = 2L) {
  em <- 0.5 * graphics::par("csi") * graphics::par("cex")
  room <- graphics::par("din")[[1L]] - left * graphics::par("csi")
  min(rows, ceiling(sum(nchar(labels) + 5) * em / max(room, 0.1)))
}

# A text cut so that it is no wider than so many inches.
fitted <- function(text, inches, cex = 1) {
  fits <- function(n) graphics::strwidth(short_text(text, n), units = "inches", cex = cex) <= inches
  n <- nchar(text)
  while (n > 4L && !fits(n)) n <- n - 1L
  short_text(text, n)
}

# A title over the legend, at the left.
top_title <- function(text, line, cex = 1.1) {
  room <- graphics::par("pin")[[1L]] + graphics::par("mai")[[4L]]
  graphics::mtext(fitted(text, room, cex), 3, line = line, adj = 0, cex = cex * graphics::par("cex"))
}

# Axis of seconds, or of bytes, with units that people read.
axis_seconds <- function(side, range, ...) {
  at <- pretty(range, 6)
  at <- at[at >= range[[1L]] & at <= range[[2L]] * 1.0001]
  scale <- scale_of(max(abs(range)))
  unit <- c(seconds = "s", milliseconds = "ms", microseconds = "us")[[scale$unit]]
  graphics::axis(side, at, paste(format(at / scale$seconds, trim = TRUE, drop0trailing = TRUE), unit), ...)
}

axis_bytes <- function(side, most, ...) {
  at <- pretty(c(0, most), 3)
  at <- at[at <= most * 1.05]
  unit <- max(0L, min(4L, floor(log(max(most, 1), 1000))))
  labels <- paste(format(at / 1000^unit, trim = TRUE, drop0trailing = TRUE), c("bytes", "kB", "MB", "GB", "TB")[[unit + 1L]])
  graphics::axis(side, at, labels, ...)
}
