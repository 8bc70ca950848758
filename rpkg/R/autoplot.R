# The pictures of plot-run.R and plot-plan.R with ggplot2, where it is installed: the same tables, the same colours.

#' @rdname memshare-plot
#' @param object As `x`.
#' @rawNamespace S3method(ggplot2::autoplot, memshare_run)
autoplot.memshare_run <- function(object, ...) {
  shown <- timeline_of(document_of(object))
  parts <- c("workers", "memory", "lives")
  part <- function(i) factor(parts[[i]], parts)
  fills <- stats::setNames(shown$colours, shown$stages)
  bars <- function(table, i) {
    if (!nrow(table)) return(NULL)
    data.frame(from = table$from, to = table$to, low = -table$worker - 0.4, high = -table$worker + 0.4, fill = shown$stages[table$stage],
               state = if (is.null(table$state)) "done" else table$state, part = part(i), stringsAsFactors = FALSE)
  }
  lanes <- data.frame(from = shown$workers$joined, to = shown$workers$left, low = -shown$workers$worker - 0.4,
                      high = -shown$workers$worker + 0.4, part = rep(part(1), nrow(shown$workers)))
  n <- nrow(shown$memory)
  memory <- data.frame(from = shown$memory$at[-n], to = shown$memory$at[-1L], high = shown$memory$bytes[-n], part = rep(part(2), n - 1L))
  lives <- shown$lives
  parts[[3L]] <- if (isTRUE(attr(lives, "more") > 0)) sprintf("lives (%d largest)", nrow(lives)) else "lives"
  # Between whole numbers, which name workers on the axis.
  rows <- seq_len(nrow(lives)) / 1000
  lives <- data.frame(from = lives$from, to = lives$until, low = -rows - 3e-4, high = -rows + 3e-4, label = lives$label,
                      at = ifelse(lives$from > 0.7 * shown$wall, shown$wall, lives$from), side = as.numeric(lives$from > 0.7 * shown$wall),
                      part = rep(part(3), nrow(lives)), stringsAsFactors = FALSE)
  box <- function(data, ...) {
    if (!NROW(data)) return(NULL)
    ggplot2::geom_rect(data = data, ..., ggplot2::aes(xmin = .data$from, xmax = .data$to, ymin = .data$low, ymax = .data$high))
  }
  coloured <- function(data, ...) {
    if (!NROW(data)) return(NULL)
    ggplot2::geom_rect(
      data = data, ..., ggplot2::aes(xmin = .data$from, xmax = .data$to, ymin = .data$low, ymax = .data$high, fill = .data$fill)
    )
  }
  memory$low <- rep(0, nrow(memory))
  deaths <- data.frame(at = shown$deaths$left, worker = -shown$deaths$worker, part = rep(part(1), nrow(shown$deaths)))
  odd <- bars(shown$odd, 1)
  loads <- data.frame(from = shown$loads$from, to = shown$loads$to, low = -shown$loads$worker - 0.4, high = -shown$loads$worker + 0.4,
                      part = rep(part(1), nrow(shown$loads)))
  ggplot2::ggplot() +
    box(lanes, fill = ink$lane) + coloured(bars(shown$done, 1)) + box(loads, fill = ink$paper, colour = ink$line, linetype = 3) + coloured(odd, colour = "black", linetype = 2, alpha = 0.4) +
    (if (nrow(deaths)) ggplot2::geom_point(data = deaths, ggplot2::aes(.data$at, .data$worker), shape = 4, size = 3, stroke = 1.5)) +
    box(memory, fill = ink$memory, alpha = 0.6) + box(lives, fill = ink$memory, colour = ink$line) +
    (if (nrow(lives)) {
      where <- ggplot2::aes(.data$at, (.data$low + .data$high) / 2, label = .data$label, hjust = .data$side)
      ggplot2::geom_text(data = lives, where, size = 3)
    }) +
    ggplot2::facet_grid(rows = ggplot2::vars(.data$part), scales = "free_y", switch = "y") +
    ggplot2::scale_fill_manual(values = fills, breaks = shown$stages, name = NULL) +
    ggplot2::scale_x_continuous(labels = label_seconds, expand = ggplot2::expansion(0.01)) +
    ggplot2::scale_y_continuous(labels = label_rows) +
    ggplot2::labs(x = NULL, y = NULL, title = format(object)[[1L]], subtitle = loads_label(shown$loads)) + ggplot2::theme_minimal() +
    ggplot2::theme(legend.position = "top", strip.placement = "outside", panel.grid.minor = ggplot2::element_blank(),
                   plot.title = ggplot2::element_text(size = 11))
}

label_seconds <- function(at) ifelse(is.na(at), "", format_seconds(at))

# Workers count downwards from -1; bytes are above 0.
label_rows <- function(at) {
  vapply(at, function(y) {
    if (is.na(y)) return("")
    if (y >= 0) return(format_bytes(y))
    if (y == round(y)) format(-y) else ""
  }, "")
}

#' @rdname memshare-plot
#' @rawNamespace S3method(ggplot2::autoplot, memshare_plan)
autoplot.memshare_plan <- function(object, ...) {
  document <- document_of(object, chunks = FALSE)
  layout <- plan_layout(document, 12L)
  parts <- c("plan", if (layout$kind == "bars") "data and results in memory" else "how long it lies in memory")
  part <- function(i, n) rep(factor(parts[[i]], parts), n)
  base <- ggplot2::ggplot() + ggplot2::facet_grid(rows = ggplot2::vars(.data$part), scales = "free_y", switch = "y") +
    ggplot2::labs(x = "step", y = NULL, title = sprintf("<plan> of %s: %s", short_text(document$title, 60L), plan_size(document))) +
    ggplot2::theme_minimal() + ggplot2::theme(
      legend.position = "top", strip.placement = "outside", panel.grid.minor = ggplot2::element_blank(),
      axis.text.y = ggplot2::element_blank(),
      panel.grid.major.y = ggplot2::element_blank(), plot.title = ggplot2::element_text(size = 11)
    )
  fills <- c(passes = "#BBD6EA", `in shared memory` = "#F4F4F4", wanted = "#FFF3D6", registered = ink$registered, shared = "#E6C887",
      result = ink$memory)
  box <- function(data) {
    ggplot2::geom_rect(
      data = data, ggplot2::aes(xmin = .data$from, xmax = .data$to, ymin = .data$low, ymax = .data$high, fill = .data$fill),
      colour = "grey35"
    )
  }
  scale <- ggplot2::scale_fill_manual(values = fills, name = NULL)
  if (layout$kind == "bars") {
    bars <- layout$bars
    bars <- data.frame(from = bars$from - 0.5, to = bars$to - 0.5, low = 0, high = bars$stages, path = bars$path,
        part = part(1, nrow(bars)))
    bytes <- layout$bytes
    bytes <- data.frame(from = bytes$step - 0.5, to = bytes$step + 0.5, low = 0, high = bytes$bytes, path = FALSE,
        part = part(2, nrow(bytes)))
    both <- rbind(bars, bytes)
    return(
      base + ggplot2::geom_rect(
        data = both, ggplot2::aes(xmin = .data$from, xmax = .data$to, ymin = .data$low, ymax = .data$high, fill = .data$path)
      ) + ggplot2::scale_fill_manual(
        values = c(`FALSE` = "#BBD6EA", `TRUE` = "#F2B48A"), labels = c(`FALSE` = "stages", `TRUE` = "on the critical path"), name = NULL
      ) + ggplot2::theme(axis.text.y = ggplot2::element_text())
    )
  }
  nodes <- layout$nodes
  wide <- 0.39 * min(c(diff(layout$columns), 1))
  boxes <- data.frame(
    from = nodes$x - wide, to = nodes$x + wide, low = -nodes$y - 0.31, high = -nodes$y + 0.31,
    fill = ifelse(nodes$kind == "task", "passes", ifelse(nodes$wanted, "wanted", "in shared memory")), path = nodes$path,
    label = sub(" elements?$", " el.", paste(nodes$label, sub(".*\n", "", nodes$detail), sep = "\n")), part = part(1, nrow(nodes)),
    stringsAsFactors = FALSE
  )
  ways <- lapply(seq_along(layout$edges), function(i) {
    way <- edge_way(layout$edges[[i]], 2 * wide)
    data.frame(x = way$x, y = -way$y, way = i, path = layout$edge_path[[i]])
  })
  ways <- do.call(rbind, c(ways, list(data.frame(x = numeric(), y = numeric(), way = integer(), path = logical()))))
  ways$part <- part(1, nrow(ways))
  lives <- layout$lives
  rows <- seq_len(nrow(lives))
  lives <- data.frame(
    from = lives$from - 0.12, to = lives$to + 0.12, low = -rows - 0.34, high = -rows + 0.34, fill = lives$scope,
    path = rep(FALSE, nrow(lives)),
    label = lives$label, part = part(2, nrow(lives)), stringsAsFactors = FALSE
  )
  name <- function(data, size) {
    ggplot2::geom_text(data = data, ggplot2::aes((.data$from + .data$to) / 2, (.data$low + .data$high) / 2, label = .data$label),
        size = size)
  }
  base +
    ggplot2::geom_path(
      data = ways, ggplot2::aes(.data$x, .data$y, group = .data$way, colour = .data$path), arrow = grid_arrow(), linewidth = 0.6
    ) + box(boxes) + box(boxes[boxes$path, ]) + name(boxes, 2.4) + box(lives) + name(lives, 3) + scale +
    ggplot2::scale_colour_manual(values = c(`FALSE` = ink$line, `TRUE` = ink$path),
        labels = c(`FALSE` = "reads, makes", `TRUE` = "critical path"), name = NULL) +
    ggplot2::scale_x_continuous(breaks = seq(0, layout$last))
}

grid_arrow <- function() ggplot2::arrow(length = ggplot2::unit(0.07, "inches"), type = "closed")

utils::globalVariables(".data")
