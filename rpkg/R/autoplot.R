# The pictures of plot-run.R and plot-plan.R with ggplot2, where it is installed: the same tables, the same colours.

#' @rdname memshare-plot
#' @param object As `x`.
#' @exportS3Method ggplot2::autoplot memshare_run
autoplot.memshare_run <- function(object, ...) {
  shown <- timeline_of(document_of(object))
  more <- isTRUE(attr(shown$lives, "more") > 0)
  parts <- c("workers", "memory", if (more) sprintf("lives (%d largest)", nrow(shown$lives)) else "lives")
  part <- function(i, table) rep(factor(parts[[i]], parts), nrow(table))
  workers <- lane_boxes(shown, function(table) part(1, table))
  lives <- life_boxes(shown, part(3, shown$lives))
  n <- max(nrow(shown$memory), 1L)
  memory <- data.frame(from = shown$memory$at[-n], to = shown$memory$at[-1L], low = rep(0, n - 1L), high = shown$memory$bytes[-n])
  memory$part <- part(2, memory)
  deaths <- workers$deaths
  ggplot2::ggplot() +
    boxes(workers$lanes, fill = ink$lane) + coloured_boxes(workers$done) +
    boxes(workers$loads, fill = ink$paper, colour = ink$line, linetype = 3) +
    coloured_boxes(workers$odd, colour = "black", linetype = 2, alpha = 0.4) +
    (if (nrow(deaths)) ggplot2::geom_point(data = deaths, ggplot2::aes(.data$at, .data$worker), shape = 4, size = 3, stroke = 1.5)) +
    boxes(memory, fill = ink$memory, alpha = 0.6) + boxes(lives, fill = ink$memory, colour = ink$line) +
    (if (nrow(lives)) {
      where <- ggplot2::aes(.data$at, (.data$low + .data$high) / 2, label = .data$label, hjust = .data$side)
      ggplot2::geom_text(data = lives, where, size = 3)
    }) +
    ggplot2::scale_fill_manual(values = stats::setNames(shown$colours, shown$stages), breaks = shown$stages, name = NULL) +
    ggplot2::scale_x_continuous(labels = label_seconds, expand = ggplot2::expansion(0.01)) +
    ggplot2::scale_y_continuous(labels = label_rows) + parts_of_one() +
    ggplot2::labs(x = NULL, y = NULL, title = format(object)[[1L]], subtitle = loads_label(shown$loads))
}

# What workers did, in boxes by worker: their lanes, chunks done, chunks that were not, packages loaded; and where they died.
lane_boxes <- function(shown, part) {
  placed <- function(table, from, to, ...) {
    data.frame(from = table[[from]], to = table[[to]], low = -table$worker - 0.4, high = -table$worker + 0.4, ..., part = part(table),
               stringsAsFactors = FALSE)
  }
  chunks <- function(table) if (nrow(table)) placed(table, "from", "to", fill = shown$stages[table$stage])
  list(
    lanes = placed(shown$workers, "joined", "left"), done = chunks(shown$done), odd = chunks(shown$odd),
    loads = placed(shown$loads, "from", "to"),
    deaths = data.frame(at = shown$deaths$left, worker = -shown$deaths$worker, part = part(shown$deaths))
  )
}

# From when to when what lay in memory. Between whole numbers, which name workers on the axis.
life_boxes <- function(shown, part) {
  lives <- shown$lives
  rows <- seq_len(nrow(lives)) / 1000
  late <- lives$from > 0.7 * shown$wall
  data.frame(
    from = lives$from, to = lives$until, low = -rows - 3e-4, high = -rows + 3e-4, label = lives$label,
    at = ifelse(late, shown$wall, lives$from), side = as.numeric(late), part = part, stringsAsFactors = FALSE
  )
}

boxes <- function(data, ...) {
  if (!NROW(data)) return(NULL)
  ggplot2::geom_rect(data = data, ..., ggplot2::aes(xmin = .data$from, xmax = .data$to, ymin = .data$low, ymax = .data$high))
}

coloured_boxes <- function(data, ...) {
  if (!NROW(data)) return(NULL)
  ggplot2::geom_rect(
    data = data, ..., ggplot2::aes(xmin = .data$from, xmax = .data$to, ymin = .data$low, ymax = .data$high, fill = .data$fill)
  )
}

# Parts of a picture one above the other.
parts_of_one <- function() {
  list(
    ggplot2::facet_grid(rows = ggplot2::vars(.data$part), scales = "free_y", switch = "y"), ggplot2::theme_minimal(),
    ggplot2::theme(legend.position = "top", strip.placement = "outside", panel.grid.minor = ggplot2::element_blank(),
                   plot.title = ggplot2::element_text(size = 11))
  )
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
#' @exportS3Method ggplot2::autoplot memshare_plan
autoplot.memshare_plan <- function(object, ...) {
  document <- document_of(object, chunks = FALSE)
  layout <- plan_layout(document, 12L)
  parts <- c("plan", if (layout$kind == "bars") "data and results in memory" else "how long it lies in memory")
  part <- function(i, n) rep(factor(parts[[i]], parts), n)
  title <- sprintf("<plan> of %s: %s", short_text(document$title, 60L), plan_size(document))
  base <- ggplot2::ggplot() + parts_of_one() + ggplot2::labs(x = "step", y = NULL, title = title) +
    ggplot2::theme(panel.grid.major.y = ggplot2::element_blank())
  if (layout$kind == "bars") {
    base + bars_layers(layout, part)
  } else {
    base + ggplot2::theme(axis.text.y = ggplot2::element_blank()) + nodes_layers(layout, part)
  }
}

# Of a large plan: how many stages each step has, and how many bytes.
bars_layers <- function(layout, part) {
  bars <- layout$bars
  bars <- data.frame(from = bars$from - 0.5, to = bars$to - 0.5, low = 0, high = bars$stages, path = bars$path, part = part(1, nrow(bars)))
  bytes <- layout$bytes
  bytes <- data.frame(from = bytes$step - 0.5, to = bytes$step + 0.5, low = 0, high = bytes$bytes, path = FALSE, part = part(2, nrow(bytes)))
  list(
    ggplot2::geom_rect(
      data = rbind(bars, bytes),
      ggplot2::aes(xmin = .data$from, xmax = .data$to, ymin = .data$low, ymax = .data$high, fill = .data$path)
    ),
    ggplot2::scale_fill_manual(
      values = c(`FALSE` = "#BBD6EA", `TRUE` = "#F2B48A"), labels = c(`FALSE` = "stages", `TRUE` = "on the critical path"), name = NULL
    )
  )
}

# Of any other: stages and what they read and make, and from which to which step that lies in memory.
nodes_layers <- function(layout, part) {
  nodes <- layout$nodes
  wide <- 0.39 * min(c(diff(layout$columns), 1))
  tasks <- data.frame(
    from = nodes$x - wide, to = nodes$x + wide, low = -nodes$y - 0.31, high = -nodes$y + 0.31,
    fill = ifelse(nodes$kind == "task", "passes", ifelse(nodes$wanted, "wanted", "in shared memory")), path = nodes$path,
    label = sub(" elements?$", " el.", paste(nodes$label, sub(".*\n", "", nodes$detail), sep = "\n")), part = part(1, nrow(nodes)),
    stringsAsFactors = FALSE
  )
  lives <- layout$lives
  rows <- seq_len(nrow(lives))
  lives <- data.frame(
    from = lives$from - 0.12, to = lives$to + 0.12, low = -rows - 0.34, high = -rows + 0.34, fill = lives$scope, label = lives$label,
    part = part(2, nrow(lives)), stringsAsFactors = FALSE
  )
  fills <- c(passes = "#BBD6EA", `in shared memory` = "#F4F4F4", wanted = "#FFF3D6", registered = ink$registered, shared = "#E6C887",
      result = ink$memory)
  name <- function(data, size) {
    where <- ggplot2::aes((.data$from + .data$to) / 2, (.data$low + .data$high) / 2, label = .data$label)
    ggplot2::geom_text(data = data, where, size = size)
  }
  box <- function(data) coloured_boxes(data, colour = "grey35")
  list(
    ways_layers(layout, 2 * wide, part), box(tasks), box(tasks[tasks$path, ]), name(tasks, 2.4), box(lives), name(lives, 3),
    ggplot2::scale_fill_manual(values = fills, name = NULL), ggplot2::scale_x_continuous(breaks = seq(0, layout$last))
  )
}

# The ways from node to node.
ways_layers <- function(layout, wide, part) {
  ways <- lapply(seq_along(layout$edges), function(i) {
    way <- edge_way(layout$edges[[i]], wide)
    data.frame(x = way$x, y = -way$y, way = i, path = layout$edge_path[[i]])
  })
  ways <- do.call(rbind, c(ways, list(data.frame(x = numeric(), y = numeric(), way = integer(), path = logical()))))
  ways$part <- part(1, nrow(ways))
  list(
    ggplot2::geom_path(
      data = ways, ggplot2::aes(.data$x, .data$y, group = .data$way, colour = .data$path), arrow = grid_arrow(), linewidth = 0.6
    ),
    ggplot2::scale_colour_manual(values = c(`FALSE` = ink$line, `TRUE` = ink$path),
        labels = c(`FALSE` = "reads, makes", `TRUE` = "critical path"), name = NULL)
  )
}

grid_arrow <- function() ggplot2::arrow(length = ggplot2::unit(0.07, "inches"), type = "closed")

utils::globalVariables(".data")
