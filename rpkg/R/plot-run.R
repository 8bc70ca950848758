# plot() of a run: workers over time, memory under it, and when the largest of what lay in memory lived.

#' Draw a plan or a run
#'
#' `plot()` of a run shows the workers over time: each chunk a rectangle in the colour of its passes, grey where a worker had nothing to
#' do, pale where a chunk's time was not FUN's, chunks that were lost or failed hatched, loading packages striped, deaths marked. Under it, on the same axis, the
#' bytes of the run's own shared
#' memory, and when the largest resources lived.
#'
#' `plot()` of a plan shows its graph, step by step from left to right: boxes are passes that run together, with their elements and
#' chunks; cylinders lie in shared memory, with a thick border where the value is wanted; the critical path is orange. Under it, by
#' step, how long each resource lives. Of big plans each step is one box, or a bar.
#'
#' Both use base graphics alone and take the whole device. With ggplot2, `autoplot()` makes the same pictures of it.
#'
#' @param x A run of [memLastRun()] or [memLoad()]; a plan of [memPlan()].
#' @param main A title; `NULL` for what was called.
#' @param ... Not used.
#' @return `x`, invisibly; `autoplot()` a plot of ggplot2.
#' @seealso [explain()], [memLastRun()], [memPlan()]
#' @examples
#' wait <- function(i) Sys.sleep(i / 500)
#' lazy <- memControl(lazy = TRUE)
#' a <- memLapply(1:12, wait, CONTROL = lazy)
#' b <- memLapply(1:6, function(i, a) Sys.sleep(0.01), VARS = list(a = a), CONTROL = lazy)
#' plan <- memPlan(b, MAX.CORES = 2)
#' plot(plan)
#' invisible(memRun(plan))
#' plot(memLastRun())
#' @name memshare-plot
NULL

#' @rdname memshare-plot
#' @export
plot.memshare_run <- function(x, main = NULL, ...) {
  document <- document_of(x)
  shown <- timeline_of(document, max(200, 2 * graphics::par("din")[[1L]] * 150))
  if (is.null(main)) main <- format(x)[[1L]]
  on_paper(function() draw_run(shown, main), function() draw_lanes(shown, 0))
  invisible(x)
}

draw_run <- function(shown, main) {
  din <- grDevices::dev.size("in")
  line <- graphics::par("csi")
  lives <- if (din[[2L]] >= 3.6) nrow(shown$lives) else 0L
  with_memory <- din[[2L]] >= 2.4 && !is.null(shown$memory)
  heights <- c(
    max(1.6, min(0.35 * shown$places + 1, 0.6 * din[[2L]])), if (with_memory) max(0.9, 0.22 * din[[2L]]), if (lives) 0.2 * lives + 0.6
  )
  heights <- heights / sum(heights)
  graphics::layout(matrix(seq_along(heights)), heights = heights)
  # layout() makes letters smaller where there are several figures.
  graphics::par(cex = if (din[[1L]] < 4.5) 0.65 else 0.8, mgp = c(2, 0.5, 0), tcl = -0.25, las = 1)
  labels <- c("worker 00", if (with_memory) "000 MB", if (lives) shown$lives$label)
  left <- min(0.3 * din[[1L]] / line, (max(nchar(labels)) * 0.62 + 1.2) * graphics::par("cex"))
  margins <- function(bottom, top, part) fitting_margins(c(bottom, left, top, 0.8), din, part)
  last <- length(heights)
  graphics::par(mar = margins(if (last == 1L) 2 else 0.3, 2.4 + lines_of_keys(c(shown$stages, "waiting", "death", loads_label(shown$loads),
      if (has_overhead(shown)) "pale: overhead"), left), heights[[1L]]))
  draw_lanes(shown, left)
  used <- lane_keys(shown)
  top_title(main, 0.5 + 1.1 * used)
  if (last == 1L) axis_seconds(1, c(0, shown$wall), col = ink$faint)
  if (with_memory) {
    graphics::par(mar = margins(if (last == 2L) 2 else 0.3, 0.9, heights[[2L]]))
    draw_memory(shown)
    if (last == 2L) axis_seconds(1, c(0, shown$wall), col = ink$faint)
  }
  if (lives) {
    graphics::par(mar = margins(2, 0.9, heights[[last]]))
    draw_lives(shown)
    axis_seconds(1, c(0, shown$wall), col = ink$faint)
  }
}

empty_plot <- function(xlim, ylim) {
  graphics::plot.new()
  graphics::plot.window(xlim, ylim, xaxs = "i", yaxs = "i")
}

# The workers, the first on top.
draw_lanes <- function(shown, left) {
  places <- shown$places
  empty_plot(c(0, shown$wall), c(places + 0.55, 0.45))
  workers <- shown$workers
  half <- 0.4
  graphics::rect(workers$joined, workers$worker - half, workers$left, workers$worker + half, col = ink$lane, border = NA)
  done <- shown$done
  # Chunks are told apart where there is room for a line between them.
  roomy <- nrow(done) < 40 * places && all(done$count == 1)
  border <- if (roomy) ink$paper else NA
  # FUN's part of a chunk's time is its part of the height, from below; what is pale is overhead.
  high <- 2 * half * pmin(1, pmax(done$fun, 0) / pmax(done$to - done$from, 1e-12))
  high[high > 0.95 * 2 * half] <- 2 * half
  pale <- high < 2 * half
  if (any(pale)) {
    few <- done[pale, ]
    graphics::rect(few$from, few$worker - half, few$to, few$worker + half, col = pale_colour(shown$colours[few$stage]), border = border,
        lwd = 0.5)
  }
  graphics::rect(
    done$from, done$worker + half - high, done$to, done$worker + half, col = shown$colours[done$stage], border = border, lwd = 0.5
  )
  draw_loads(shown$loads, half)
  if (!is.null(shown$slow)) draw_slow(shown, half)
  if (nrow(shown$odd)) draw_odd(shown, half)
  if (nrow(shown$deaths)) {
    graphics::points(shown$deaths$left, shown$deaths$worker, pch = 4, cex = 1.3, lwd = 4.5, col = ink$paper, xpd = NA)
    graphics::points(shown$deaths$left, shown$deaths$worker, pch = 4, cex = 1.3, lwd = 2.2, col = "black", xpd = NA)
  }
  if (left > 0) {
    at <- if (places <= 16L) seq_len(places) else unique(round(pretty(c(1, places), 8)))
    at <- at[at >= 1 & at <= places]
    wide <- graphics::strwidth("worker 00", units = "inches") < graphics::par("mai")[[2L]]
    graphics::axis(2, at, if (wide) paste("worker", at) else at, tick = FALSE, line = -0.4, gap.axis = 0.1)
  }
}

# The longest chunk, named.
draw_slow <- function(shown, half) {
  slow <- shown$slow
  graphics::rect(slow$from, slow$worker - half, slow$to, slow$worker + half, border = "black", lwd = 1.5)
  room <- (slow$to - slow$from) / shown$wall * graphics::par("pin")[[1L]] * 0.95
  label <- fitted(slow$label, room, 0.9)
  dark <- sum(grDevices::col2rgb(shown$colours[[slow$stage]]) * c(0.3, 0.59, 0.11)) < 140
  graphics::text((slow$from + slow$to) / 2, slow$worker, label, cex = 0.9, col = if (dark) "white" else "black")
}

# Chunks that did not end as they should: striped, a triangle where FUN failed.
draw_odd <- function(shown, half) {
  odd <- shown$odd
  graphics::rect(odd$from, odd$worker - half, odd$to, odd$worker + half, col = ink$paper, border = NA)
  graphics::rect(
    odd$from, odd$worker - half, odd$to, odd$worker + half, col = shown$colours[odd$stage], density = 25,
    angle = ifelse(odd$state == "failed", -45, 45),
    border = "black", lwd = 0.8
  )
  failed <- odd[odd$state == "failed", ]
  if (nrow(failed)) graphics::points(failed$to, failed$worker, pch = 17, cex = 1.1, xpd = NA)
}

# Loading packages: striped upright, whether in the worker or before there was one.
draw_loads <- function(loads, half) {
  if (!nrow(loads)) return(invisible())
  graphics::rect(loads$from, loads$worker - half, loads$to, loads$worker + half, col = ink$paper, border = NA)
  graphics::rect(loads$from, loads$worker - half, loads$to, loads$worker + half, col = ink$line, density = 20, angle = 90, border = ink$line)
}

# Which packages, for the key: the names of up to two.
loads_label <- function(loads) {
  if (!nrow(loads)) return(NULL)
  took <- sort(tapply(loads$to - loads$from, loads$packages, sum), decreasing = TRUE)
  sprintf("loading packages: %s", short_text(shorten(names(took), 2L), 40L))
}

pale_colour <- function(colours) {
  mixed <- 0.35 * grDevices::col2rgb(colours) + 0.65 * 255
  grDevices::rgb(mixed[1L, ], mixed[2L, ], mixed[3L, ], maxColorValue = 255)
}

# Whether a part of the time at work worth a key was not FUN.
has_overhead <- function(shown) {
  spent <- sum(shown$done$to - shown$done$from)
  spent > 0 && sum(shown$done$fun) < 0.9 * spent
}

lane_keys <- function(shown) {
  kinds <- c(if (has_overhead(shown)) "pale: overhead", if (any(shown$odd$state == "lost")) "lost",
      if (any(shown$odd$state == "failed")) "failed",
             if (any(shown$odd$state == "stopped")) "stopped", if (nrow(shown$deaths)) "death", loads_label(shown$loads), "waiting")
  labels <- c(shown$stages, kinds)
  used <- length(shown$stages)
  margin_keys(labels, function(x, y, i, size) {
    box <- function(...) graphics::rect(x, y - 0.4 * size[[2L]], x + size[[1L]], y + 0.4 * size[[2L]], xpd = NA, ...)
    if (i <= used) return(box(col = shown$colours[[i]], border = NA))
    kind <- kinds[[i - used]]
    if (kind == "pale: overhead") return(box(col = pale_colour(shown$colours[[1L]]), border = NA))
    if (kind == "waiting") return(box(col = ink$lane, border = ink$faint, lwd = 0.5))
    if (startsWith(kind, "loading")) return(box(col = ink$line, density = 20, angle = 90, border = ink$line))
    middle <- x + 0.5 * size[[1L]]
    if (kind == "death") return(graphics::points(middle, y, pch = 4, lwd = 2, xpd = NA))
    box(col = "grey30", density = 25, angle = if (kind == "failed") -45 else 45, border = "black", lwd = 0.8)
    if (kind == "failed") graphics::points(middle, y, pch = 17, cex = 0.8, xpd = NA)
  })
}

draw_memory <- function(shown) {
  memory <- shown$memory
  most <- max(memory$bytes, 1)
  near <- !is.null(shown$budget) && shown$budget <= 1.5 * most
  top <- if (near) max(most, shown$budget) else most
  empty_plot(c(0, shown$wall), c(0, 1.1 * top))
  n <- nrow(memory)
  x <- c(memory$at[[1L]], rep(memory$at[-1L], each = 2L), memory$at[[n]])
  y <- c(rep(memory$bytes[-n], each = 2L), memory$bytes[[n]])
  y <- c(y, 0)[seq_along(x)]
  y[[length(y)]] <- memory$bytes[[n]]
  graphics::polygon(c(x[[1L]], x, x[[length(x)]]), c(0, y, 0), col = grDevices::adjustcolor(ink$memory, 0.5), border = NA)
  graphics::lines(x, y, col = "#0072B2")
  if (near) {
    graphics::abline(h = shown$budget, lty = 2, col = ink$path)
    graphics::text(shown$wall, shown$budget, "budget ", adj = c(1, -0.3), cex = 0.85, col = ink$text, xpd = NA)
  }
  axis_bytes(2, top, col = ink$faint)
  graphics::mtext(sprintf("memory, peak %s", format_bytes(most)), 3, line = 0, adj = 0, cex = 0.8 * graphics::par("cex"), col = ink$text)
}

# Says too how many are not shown.
lives_title <- function(lives) {
  more <- attr(lives, "more")
  if (is.null(more) || more == 0) return("lives (> : outlives the run)")
  sprintf("lives of the %d largest; %s not shown (> : outlives the run)", nrow(lives), count_of(more, "smaller one"))
}

# Bars; what outlived the run has an arrow at its end.
draw_lives <- function(shown) {
  lives <- shown$lives
  n <- nrow(lives)
  empty_plot(c(0, shown$wall), c(n + 0.6, 0.4))
  rows <- seq_len(n)
  colour <- ifelse(lives$scope == "registered", ink$registered, ink$memory)
  graphics::rect(lives$from, rows - 0.3, lives$until, rows + 0.3, col = colour, border = ink$line, lwd = 0.5)
  open <- which(lives$stays)
  if (length(open)) graphics::text(lives$until[open], open, ">", adj = c(-0.2, 0.5), xpd = NA, col = ink$text)
  graphics::axis(2, rows, lives$label, tick = FALSE, line = -0.4, gap.axis = 0)
  graphics::mtext(lives_title(lives), 3, line = 0, adj = 0, cex = 0.8 * graphics::par("cex"), col = ink$text)
}
