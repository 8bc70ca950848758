# A profile as people see it.

#' @rdname memProfile
#' @export
format.memshare_profile <- function(x, ...) {
  facts <- facts_of(x)
  lines <- sprintf("<profile> of '%s': %s took %s", x$name, count_of(facts$n, "element"), format_seconds(facts$total))
  if (!facts$n) return(lines)
  c(
    lines,
    sprintf("an element takes %s on average, with a standard deviation of %s", format_seconds(facts$mean), format_seconds(facts$sd)),
    sprintf(
      "the longest: %s, %s, %s of all", element_label(facts$longest, facts$name), format_seconds(facts$most),
      percent(facts$most / facts$total)
    ),
    sprintf(
      "measured with %s in %s; what a chunk takes beside FUN: %s, %s of the time", count_of(x$workers, "worker"),
      count_of(x$chunks, "chunk"), format_seconds(x$overhead), percent(facts$overhead)
    )
  )
}

# What there is to be said of a profile, in numbers.
facts_of <- function(profile) {
  costs <- profile$costs
  n <- length(costs)
  total <- sum(costs)
  longest <- if (n) which.max(costs) else NA_integer_
  beside <- profile$overhead * profile$chunks
  list(
    n = n, total = total, mean = if (n) total / n else 0, sd = if (n > 1L) stats::sd(costs) else 0, longest = longest,
    name = name_of(profile$names, longest), most = if (n) costs[[longest]] else 0,
    overhead = if (beside + total > 0) beside / (beside + total) else 0
  )
}

#' @rdname memProfile
#' @export
print.memshare_profile <- function(x, ...) print_lines(x)

#' @rdname memProfile
#' @export
summary.memshare_profile <- function(object, ...) {
  facts <- facts_of(object)
  costs <- sort(object$costs, decreasing = TRUE)
  structure(
    c(facts, list(
      text = format(object), quantiles = if (facts$n) stats::quantile(costs, c(0, 0.25, 0.5, 0.75, 0.95, 1)),
      # So many of the costliest elements take half of the time.
      half = if (facts$total > 0) which(cumsum(costs) >= facts$total / 2)[[1L]] else 0L,
      # More workers than this do not help, however the elements are cut.
      useful = if (facts$most > 0) facts$total / facts$most else NA_real_,
      heaviest = utils::head(as.data.frame(object)[order(object$costs, decreasing = TRUE), ], 5L), made = object$made
    )),
    class = "memshare_profile_summary"
  )
}

#' @export
format.memshare_profile_summary <- function(x, ...) {
  if (!x$n || x$total <= 0) return(x$text)
  names <- if (is.null(x$heaviest$name)) rep(NA_character_, nrow(x$heaviest)) else x$heaviest$name
  heaviest <- mapply(element_label, x$heaviest$index, names)
  c(
    x$text,
    sprintf("quantiles: %s", paste(names(x$quantiles), format_seconds(x$quantiles), sep = " ", collapse = ", ")),
    sprintf("the costliest: %s", paste(heaviest, format_seconds(x$heaviest$cost), collapse = ", ")),
    sprintf("half of the time goes into the costliest %s (%s)", count_of(x$half, "element"), percent(x$half / x$n)),
    sprintf("more than %s cannot make it faster: it never takes less than its longest element", count_of(ceiling(x$useful), "worker")),
    sprintf("measured on %s", format(as.POSIXct(x$made, origin = "1970-01-01"), "%Y-%m-%d %H:%M"))
  )
}

#' @export
print.memshare_profile_summary <- function(x, ...) {
  cat_lines(format(x))
  invisible(x)
}

#' @rdname memProfile
#' @export
as.data.frame.memshare_profile <- function(x, row.names = NULL, optional = FALSE, ...) {
  table <- data.frame(index = seq_along(x$costs))
  if (length(x$names)) table$name <- as.character(x$names)
  table$cost <- x$costs
  table
}

#' @rdname memProfile
#' @export
plot.memshare_profile <- function(x, heavy = 5, ...) {
  heavy <- check_count(heavy, "heavy", 0)
  costs <- x$costs
  if (!length(costs)) abort_input("a profile of no elements cannot be drawn")
  # Of very many elements a picture shows the costliest of each few.
  step <- max(1, ceiling(length(costs) / 20000))
  shown <- seq_along(costs)
  if (step > 1) {
    costliest <- function(few) few[which.max(costs[few])]
    shown <- unlist(lapply(split(shown, (shown - 1) %/% step), costliest), use.names = FALSE)
  }
  scale <- scale_of(max(costs))
  defaults <- list(
    x = shown, y = costs[shown] / scale$seconds, type = "h", xlab = "element", ylab = sprintf("cost in %s", scale$unit),
    main = sprintf("'%s': %s in %s", x$name, count_of(length(costs), "element"), format_seconds(sum(costs)))
  )
  do.call(graphics::plot.default, utils::modifyList(defaults, list(...)), quote = TRUE)
  graphics::abline(h = mean(costs) / scale$seconds, lty = 3)
  marked <- utils::head(order(costs, decreasing = TRUE), heavy)
  marked <- marked[costs[marked] > 2 * mean(costs)]
  if (length(marked)) {
    labels <- if (length(x$names)) x$names[marked] else marked
    graphics::points(marked, costs[marked] / scale$seconds, pch = 19, col = "firebrick")
    side <- ifelse(marked > length(costs) / 2, 2L, 4L)
    graphics::text(marked, costs[marked] / scale$seconds, labels, pos = side, cex = 0.8, xpd = NA)
  }
  invisible(x)
}

#' @exportS3Method utils::str memshare_profile
str.memshare_profile <- function(object, ...) cat("", harmless(format(object)[[1L]]), "\n")

# The unit in which the largest of some times is drawn.
scale_of <- function(most) {
  at <- 1L + (most < 1) + (most < 1e-3)
  list(unit = c("seconds", "milliseconds", "microseconds")[[at]], seconds = c(1, 1e-3, 1e-6)[[at]])
}
