# plot() of a plan: the graph step by step, and under it how long each resource lives, on the same axis of steps.

#' @rdname memshare-plot
#' @export
plot.memshare_plan <- function(x, main = NULL, ...) {
  document <- document_of(x, chunks = FALSE)
  layout <- plan_layout(document, max(3L, floor(graphics::par("din")[[1L]] / 0.62)))
  if (is.null(main)) main <- sprintf("<plan> of %s: %s", short_text(document$title, 60L), plan_size(document))
  on_paper(function() draw_plan(layout, document, main), function() draw_graph(layout, document))
  invisible(x)
}

plan_size <- function(document) {
  sprintf("%s in %s, peak %s", count_of(sum(!field_of(document$passes, "part", "") %in% helper_parts), "pass", "passes"), count_of(length(document$stages), "stage"),
          format_bytes(document$peak_bytes))
}

draw_plan <- function(layout, document, main) {
  din <- grDevices::dev.size("in")
  rows <- if (layout$kind == "bars") 6L else nrow(layout$lives)
  two <- rows > 0L && din[[2L]] >= 3.2
  heights <- c(if (layout$kind == "bars") 2.2 else max(2.2, min(4, 0.75 * layout$height + 1.4)), if (two) 0.22 * rows + 0.75)
  heights <- heights / sum(heights)
  graphics::layout(matrix(seq_along(heights)), heights = heights)
  graphics::par(cex = if (din[[1L]] < 4.5) 0.65 else 0.8, mgp = c(2, 0.5, 0), tcl = -0.25, las = 1)
  left <- if (layout$kind == "bars") 7.5 * graphics::par("cex") else 0.8
  top <- 2.2 + lines_of_keys(plan_keys(layout, document), left)
  graphics::par(mar = fitting_margins(c(if (two) 0.3 else 2, left, top, 1), din, heights[[1L]]))
  used <- draw_graph(layout, document)
  top_title(main, 0.5 + 1.1 * used)
  if (!two) return(axis_steps(layout))
  graphics::par(mar = fitting_margins(c(2, left, 1.2, 1), din, heights[[2L]]))
  if (layout$kind == "bars") draw_bytes(layout) else draw_steps(layout)
  axis_steps(layout)
}

# The range of the axis of steps, the same in both parts.
step_range <- function(layout) {
  if (layout$kind == "bars") return(c(-0.5, layout$last + 0.5))
  half <- 0.5 * min(c(diff(layout$columns), 1))
  range(layout$columns - half, layout$columns + half, layout$lives$from - 0.15, layout$lives$to + 0.15)
}

axis_steps <- function(layout) {
  at <- unique(round(pretty(c(0, layout$last), min(10, layout$last + 1))))
  at <- at[at >= 0 & at <= layout$last]
  graphics::axis(1, at, paste("step", at), col = ink$faint, gap.axis = 0.5)
}

draw_graph <- function(layout, document) {
  if (layout$kind == "bars") return(draw_bars(layout, document))
  nodes <- layout$nodes
  empty_plot(step_range(layout), c(layout$height / 2 + 0.1, -layout$height / 2 - 0.1))
  pin <- graphics::par("pin")
  usr <- graphics::par("usr")
  per_inch <- c(usr[[2L]] - usr[[1L]], abs(usr[[4L]] - usr[[3L]])) / pin
  gap <- min(c(diff(layout$columns), 1))
  wide <- min(0.78 * gap, 1.5 * per_inch[[1L]])
  high <- min(0.62, 0.72 * per_inch[[2L]])
  for (i in order(layout$edge_path)) draw_edge(layout$edges[[i]], layout$edge_path[[i]], wide)
  cex <- common_cex(nodes, 0.9 * wide / per_inch[[1L]])
  for (i in seq_len(nrow(nodes))) draw_node(nodes[i, ], wide, high, per_inch, cex)
  draw_plan_keys(layout, document)
}

# A line from box to box, level where it leaves, where it passes a column, and where it arrives, with a head.
draw_edge <- function(points, on_path, wide) {
  way <- edge_way(points, wide)
  colour <- if (on_path) ink$path else ink$line
  lwd <- if (on_path) 2.4 else 1
  graphics::lines(way$x, way$y, col = colour, lwd = lwd)
  m <- nrow(way)
  graphics::arrows(way$x[[m - 3L]], way$y[[m - 3L]], way$x[[m]], way$y[[m]], length = 0.06, col = colour, lwd = lwd)
}

edge_way <- function(points, wide) {
  n <- nrow(points)
  t <- seq(0, 1, length.out = 24L)
  ease <- t * t * (3 - 2 * t)
  parts <- lapply(seq_len(n - 1L), function(i) {
    from <- points$x[[i]] + wide / 2
    to <- points$x[[i + 1L]] - wide / 2
    data.frame(x = from + (to - from) * t, y = points$y[[i]] + (points$y[[i + 1L]] - points$y[[i]]) * ease)
  })
  do.call(rbind, parts)
}

draw_node <- function(node, wide, high, per_inch, cex) {
  border <- if (node$path) ink$path else "grey25"
  lwd <- if (node$path || node$wanted) 2.4 else 1
  middle <- node$y
  if (node$kind == "task") {
    # Sheets behind each other: a pass is many chunks.
    for (k in 2:0) {
      d <- k * 0.035 * per_inch
      graphics::rect(
        node$x - wide / 2 + d[[1L]], node$y - high / 2 - d[[2L]], node$x + wide / 2 + d[[1L]], node$y + high / 2 - d[[2L]],
        col = "#EAF3FA", border = border, lwd = if (k) 0.6 else lwd, xpd = NA
      )
    }
  } else {
    draw_cylinder(node, wide * 0.92, high, border, lwd)
    middle <- node$y + 0.1 * high
  }
  node_text(node, middle, wide, high, per_inch, cex)
}

# Letters of the same size in all boxes: as large as most names allow.
common_cex <- function(nodes, inches) {
  wide <- graphics::strwidth(nodes$label, units = "inches", cex = 1)
  min(1, max(0.75, min(inches / pmax(wide, 0.01))))
}

# The name, and what is said of it in smaller letters, each line cut to the box.
node_text <- function(node, middle, wide, high, per_inch, cex) {
  lines <- c(node$label, strsplit(node$detail, "\n", fixed = TRUE)[[1L]])
  size <- c(1, rep(0.82, length(lines) - 1L))
  inches <- 0.9 * wide / per_inch[[1L]]
  line <- 1.15 * graphics::par("csi") * graphics::par("cex") * per_inch[[2L]]
  lines <- utils::head(lines, max(1, floor(0.98 * high / (line * cex))))
  at <- middle + (seq_along(lines) - (length(lines) + 1) / 2) * line * cex
  for (i in seq_along(lines)) {
    text <- lines[[i]]
    own <- cex * size[[i]]
    wide_at <- function(size) graphics::strwidth(text, units = "inches", cex = size)
    if (i > 1L && wide_at(own) > inches) text <- sub(" bytes$", " B", sub(" elements?$", " el.", text))
    if (i > 1L && wide_at(own) > inches) own <- max(0.6, own * inches / wide_at(own))
    graphics::text(node$x, at[[i]], fitted(text, inches, own), cex = own, col = if (i == 1L) "black" else ink$text)
  }
}

draw_cylinder <- function(node, wide, high, border, lwd) {
  lid <- 0.13 * high
  turn <- seq(0, pi, length.out = 20L)
  half <- wide / 2
  x <- c(node$x + half * cos(turn), node$x - half * cos(turn))
  y <- c(node$y + high / 2 - lid + lid * sin(turn), rep(node$y - high / 2 + lid, 20L) - lid * sin(turn))
  fill <- if (node$wanted) "#FFF3D6" else "#F4F4F4"
  graphics::polygon(x, y, col = fill, border = border, lwd = lwd)
  graphics::lines(node$x + half * cos(turn), node$y - high / 2 + lid + lid * sin(turn), col = border, lwd = lwd)
}

# Of very many steps: how many stages each has; those of the critical path are orange.
draw_bars <- function(layout, document) {
  bars <- layout$bars
  empty_plot(step_range(layout), c(0, 1.12 * max(bars$stages)))
  graphics::rect(bars$from - 0.5, 0, bars$to - 0.5, bars$stages, col = ifelse(bars$path, "#F2B48A", "#BBD6EA"), border = NA)
  graphics::axis(2, unique(round(pretty(c(0, bars$stages), 3))), col = ink$faint)
  draw_plan_keys(layout, document)
}

plan_keys <- function(layout, document) {
  path <- document$critical_path$seconds
  on_path <- paste0("critical path", if (length(path)) paste0(", ", format_seconds(path)))
  if (layout$kind == "bars") return(c(bar = "stages in each step", path = on_path))
  c(task = if (layout$kind == "groups") "passes of a step" else "passes, run together in chunks", resource = "in shared memory",
    if (any(layout$nodes$wanted)) c(wanted = "wanted"), if (any(layout$edge_path)) c(path = on_path))
}

draw_plan_keys <- function(layout, document) {
  keys <- plan_keys(layout, document)
  margin_keys(unname(keys), function(x, y, i, size) {
    kind <- names(keys)[[i]]
    box <- function(...) graphics::rect(x, y - 0.42 * size[[2L]], x + size[[1L]], y + 0.42 * size[[2L]], xpd = NA, ...)
    if (kind == "path" && layout$kind != "bars") return(graphics::segments(x, y, x + size[[1L]], y, col = ink$path, lwd = 2.4, xpd = NA))
    if (kind == "path") return(box(col = "#F2B48A", border = NA))
    if (kind == "bar") return(box(col = "#BBD6EA", border = NA))
    if (kind == "task") return(box(col = "#EAF3FA", border = "grey25"))
    old <- graphics::par(xpd = NA)
    on.exit(graphics::par(old))
    node <- list(x = x + size[[1L]] / 2, y = y, wanted = kind == "wanted")
    # The axis of a graph points downwards.
    draw_cylinder(node, size[[1L]], 0.9 * size[[2L]] * sign(graphics::par("usr")[[3L]] - graphics::par("usr")[[4L]]), "grey25",
                  if (node$wanted) 2.4 else 1)
  })
}

# The lives of resources from step to step. Names stand beside the bars, or within where there is no room beside.
draw_steps <- function(layout) {
  lives <- layout$lives
  n <- nrow(lives)
  range <- step_range(layout)
  empty_plot(range, c(n + 0.6, 0.4))
  if (layout$last <= 60) graphics::abline(v = 0:layout$last, col = "grey90")
  rows <- seq_len(n)
  colour <- c(registered = ink$registered, shared = "#E6C887", result = ink$memory)[lives$scope]
  from <- pmax(lives$from - 0.12, range[[1L]])
  to <- pmin(lives$to + 0.12, range[[2L]])
  graphics::rect(from, rows - 0.34, to, rows + 0.34, col = colour, border = ink$line, lwd = 0.5)
  wide <- graphics::strwidth(paste0(lives$label, "xx"), cex = 0.9)
  right <- to + wide <= range[[2L]]
  left <- !right & from - wide >= range[[1L]]
  x <- ifelse(right, to, ifelse(left, from, (from + to) / 2))
  adj <- ifelse(right, -0.06, ifelse(left, 1.06, 0.5))
  for (i in rows) graphics::text(x[[i]], i, lives$label[[i]], adj = c(adj[[i]], 0.5), cex = 0.9, col = ink$text)
  more <- attr(lives, "more")
  title <- paste0("how long it lies in memory", if (more) sprintf("; %d smaller ones are not shown", more))
  graphics::mtext(title, 3, line = 0.1, adj = 0, cex = 0.8 * graphics::par("cex"), col = ink$text)
}

# The bytes that are there in each step.
draw_bytes <- function(layout) {
  bytes <- layout$bytes
  most <- max(bytes$bytes, 1)
  empty_plot(step_range(layout), c(0, 1.1 * most))
  n <- nrow(bytes)
  x <- rep(c(bytes$step - 0.5, bytes$step[[n]] + 0.5), each = 2L)
  y <- c(0, rep(bytes$bytes, each = 2L), 0)
  graphics::polygon(x, y, col = grDevices::adjustcolor(ink$memory, 0.5), border = "#0072B2")
  axis_bytes(2, most, col = ink$faint)
  graphics::mtext("data and results in memory", 3, line = 0.1, adj = 0, cex = 0.8 * graphics::par("cex"), col = ink$text)
}
