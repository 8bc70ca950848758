# Where the boxes of a plan's picture stand: a column a step, rows in an order in which few lines cross. Pure: drawn by plot-plan.R and
# autoplot.R. Lines that pass a column have a place of their own in it, so that none runs through a box.

# `room`: how many columns there is room for. Gives `nodes`, `edges` (a list of points for each), `steps` and `lives`; `kind` is "graph",
# "groups" (a box a step) or "bars" (too many steps for boxes).
plan_layout <- function(document, room = 10L, most = 40L) {
  nodes <- plan_nodes(document)
  steps <- sort(unique(nodes$x))
  lives <- plan_lives(document)
  last <- last_step(document)
  kind <- if (nrow(nodes) <= most && length(steps) <= room) {
    "graph"
  } else if (length(unique(floor(steps))) <= room) {
    "groups"
  } else {
    "bars"
  }
  if (kind == "bars") return(list(kind = kind, bars = step_bars(document), bytes = bytes_by_step(document), lives = lives[0, ],
      last = last))
  edges <- plan_edges(document, nodes)
  if (kind == "groups") {
    grouped <- group_steps(document, nodes, edges)
    nodes <- grouped$nodes
    edges <- grouped$edges
  }
  c(list(kind = kind, lives = lives, last = last), place_nodes(nodes, edges))
}

# The last step in which something is made or read; giving back is no step of its own here.
last_step <- function(document) {
  used <- Filter(function(task) task$kind != "release", document$tasks)
  max(field_of(used, "step", 0), 0)
}

# The boxes: passes that run together at their step, what lies in memory half a step before or after.
plan_nodes <- function(document) {
  tasks <- document$tasks
  steps <- field_of(tasks, "step", 0)
  kinds <- field_of(tasks, "kind", "")
  path <- unlist(document$critical_path$tasks) + 1
  wanted <- field_of(tasks[kinds == "gather"], "resource")
  stages <- document$stages
  at <- field_of(stages, "task", 0) + 1
  chunks <- field_of(stages, "chunks", 0)
  chunks[chunks == 0] <- field_of(stages, "pieces", 0)[chunks == 0]
  maps <- data.frame(
    id = sprintf("t%d", at), kind = rep("task", length(at)), x = steps[at], label = stage_labels(document)$label,
    detail = paste0(
      stage_labels(document)$more,
      count_each(field_of(stages, "elements", 0), "element"), ifelse(chunks > 0, paste0("\n", count_each(chunks, "chunk")), "")
    ),
    path = at %in% path, wanted = rep(FALSE, length(at)), stringsAsFactors = FALSE
  )
  resources <- document$resources
  made <- field_of(resources, "made_by")
  readers <- lapply(resources, function(resource) unlist(resource$read_by) + 1)
  first <- vapply(readers, function(of) if (length(of)) min(steps[of]) else 0, 0)
  is_data <- is.na(made) | kinds[made + 1] == "share"
  held <- data.frame(
    id = sprintf("r%d", seq_along(resources)), kind = rep("resource", length(resources)),
    x = ifelse(is_data, first - 0.5, steps[made + 1] + 0.5),
    label = short_text(field_of(resources, "name", ""), 18L), detail = plan_sizes(resources),
    path = rep(FALSE, length(resources)), wanted = (seq_along(resources) - 1) %in% wanted, stringsAsFactors = FALSE
  )
  rbind(maps, held)
}

# The name of a stage, in a box: of long ones the first pass, and how many there are besides in a line of its own.
stage_labels <- function(document) {
  names <- pass_names(document)
  own <- lapply(document$stages, function(stage) names_at(names, stage$passes))
  whole <- vapply(own, paste, "", collapse = " + ")
  long <- nchar(whole) > 12L & lengths(own) > 1L
  list(label = short_text(ifelse(long, vapply(own, `[[`, "", 1L), whole), 18L),
      more = ifelse(long, sprintf("+ %d more\n", lengths(own) - 1L), ""))
}

count_each <- function(n, one) vapply(n, count_of, "", one)

# What reads and makes what; along the critical path where both ends are of it.
plan_edges <- function(document, nodes) {
  tasks <- document$tasks
  path <- unlist(document$critical_path$tasks) + 1
  rows <- lapply(seq_along(document$stages), function(i) {
    at <- document$stages[[i]]$task + 1
    reads <- unlist(tasks[[at]]$reads) + 1
    writes <- unlist(tasks[[at]]$writes) + 1
    data.frame(
      from = c(sprintf("r%d", reads), rep(sprintf("t%d", at), length(writes))),
      to = c(rep(sprintf("t%d", at), length(reads)), sprintf("r%d", writes)), stringsAsFactors = FALSE
    )
  })
  edges <- do.call(rbind, rows)
  makers <- sprintf("t%d", field_of(document$resources, "made_by") + 1)
  on_path <- sprintf("t%d", path)
  # A result that the next task of the path reads belongs to the path.
  resource <- ifelse(startsWith(edges$from, "r"), edges$from, edges$to)
  maker <- makers[as.integer(substring(resource, 2L))]
  maps <- on_path[on_path %in% nodes$id]
  follows <- stats::setNames(c(maps[-1L], NA), maps)
  reader <- follows[maker]
  read <- paste(resource, reader) %in% paste(edges$from, edges$to)
  edges$path <- !is.na(reader) & read & (edges$to == reader | edges$from == maker & startsWith(edges$to, "r"))
  edges[!duplicated(edges), ]
}

# A box for the passes of each step.
group_steps <- function(document, nodes, edges) {
  tasks <- nodes[nodes$kind == "task", ]
  step <- tasks$x
  keep <- sort(unique(step))
  elements <- vapply(document$stages, `[[`, 0, "elements")
  passes <- vapply(document$stages, function(stage) length(stage$passes), 0L)
  groups <- do.call(rbind, lapply(keep, function(s) {
    own <- which(step == s)
    many <- length(own) > 1L
    data.frame(
      id = sprintf("g%g", s), kind = "task", x = s, stringsAsFactors = FALSE,
      label = if (many) sprintf("%d stages", length(own)) else tasks$label[[own]],
      detail = if (many) sprintf("%s\n%s", count_of(sum(passes[own]), "pass", "passes"),
          count_of(sum(elements[own]), "element")) else tasks$detail[[own]],
      path = any(tasks$path[own]), wanted = FALSE
    )
  }))
  resources <- nodes[nodes$kind == "resource", ]
  data <- resources[resources$id %in% setdiff(edges$from, edges$to), ]
  if (nrow(data) > 6L) {
    bytes <- sum(field_of(document$resources[as.integer(substring(data$id, 2L))], "bytes", 0))
    grouped <- data.frame(id = "data", kind = "resource", x = min(keep) - 0.5, label = count_of(nrow(data), "variable"),
                          detail = format_bytes(bytes), path = FALSE, wanted = FALSE, stringsAsFactors = FALSE)
  } else {
    grouped <- data
  }
  # In a column of their own, so that boxes can be wide.
  if (nrow(grouped)) grouped$x <- min(keep) - 1
  group_of <- stats::setNames(sprintf("g%g", step), tasks$id)
  reads <- edges[startsWith(edges$to, "t"), ]
  maker <- edges$from[match(reads$from, edges$to)]
  from <- ifelse(is.na(maker), if (nrow(data) > 6L) "data" else reads$from, group_of[maker])
  links <- data.frame(from = unname(from), to = unname(group_of[reads$to]), path = reads$path, stringsAsFactors = FALSE)
  links <- links[order(!links$path, step[match(links$to, group_of)]), ]
  # Of data the first step that reads it; how long it stays is seen below.
  links <- links[!(links$from %in% grouped$id & duplicated(links$from)), ]
  list(nodes = rbind(groups, grouped), edges = links[!duplicated(links[c("from", "to")]) & links$from != links$to, ])
}

# Rows: a few sweeps in which each node goes to the mean place of its neighbours. Long lines get a place in each column they pass.
place_nodes <- function(nodes, edges) {
  columns <- sort(unique(nodes$x))
  nodes$column <- match(nodes$x, columns)
  cells <- data.frame(id = nodes$id, column = nodes$column, size = 1, stringsAsFactors = FALSE)
  links <- list()
  ways <- vector("list", nrow(edges))
  for (i in seq_len(nrow(edges))) {
    a <- nodes$column[match(edges$from[[i]], nodes$id)]
    b <- nodes$column[match(edges$to[[i]], nodes$id)]
    between <- if (b - a > 1L) seq(a + 1L, b - 1L) else integer()
    dummies <- sprintf("d%d_%d", i, between)
    if (length(between)) cells <- rbind(cells, data.frame(id = dummies, column = between, size = 0.35, stringsAsFactors = FALSE))
    ways[[i]] <- c(edges$from[[i]], dummies, edges$to[[i]])
    links[[i]] <- cbind(utils::head(ways[[i]], -1L), utils::tail(ways[[i]], -1L))
  }
  links <- do.call(rbind, c(list(matrix("", 0L, 2L)), links))
  ends <- cbind(match(links[, 1L], cells$id), match(links[, 2L], cells$id))
  y <- stack_column(cells, seq_len(nrow(cells)))
  for (sweep in 1:8) {
    forward <- sweep %% 2L == 1L
    towards <- if (forward) ends else ends[, 2:1, drop = FALSE]
    for (column in if (forward) seq_along(columns) else rev(seq_along(columns))) {
      own <- which(cells$column == column)
      wish <- vapply(own, function(cell) {
        near <- towards[towards[, 2L] == cell, 1L]
        if (length(near)) mean(y[near]) else y[[cell]]
      }, 0)
      y[own] <- stack_column(cells, own[order(wish)])[own]
    }
  }
  x <- columns[cells$column]
  nodes$y <- y[match(nodes$id, cells$id)]
  points <- lapply(ways, function(way) {
    at <- match(way, cells$id)
    data.frame(x = x[at], y = y[at])
  })
  list(nodes = nodes, edges = points, edge_path = edges$path, columns = columns, height = max(tapply(cells$size, cells$column, sum)))
}

# Places of cells in this order, each column stacked around 0.
stack_column <- function(cells, order) {
  y <- rep(NA_real_, nrow(cells))
  for (column in unique(cells$column[order])) {
    own <- order[cells$column[order] == column]
    size <- cells$size[own]
    y[own] <- cumsum(size) - size / 2 - sum(size) / 2
  }
  y
}

# Stages and elements by step, where there are too many steps for boxes; neighbouring steps together where there are very many.
step_bars <- function(document, most = 200L) {
  tasks <- field_of(document$stages, "task", 0) + 1
  step <- field_of(document$tasks, "step", 0)[tasks]
  path <- unlist(document$critical_path$tasks) + 1
  width <- max(1, ceiling((max(step) + 1) / most))
  bin <- step %/% width * width
  bins <- sort(unique(bin))
  data.frame(
    from = bins, to = bins + width, stages = as.vector(table(factor(bin, bins))) / width,
    path = vapply(bins, function(b) any(tasks[bin == b] %in% path), NA)
  )
}

# Sizes in words: "~16.0 kB" where they are guessed.
plan_sizes <- function(resources) {
  paste0(ifelse(vapply(resources, `[[`, NA, "guessed"), "~", "")[seq_along(resources)], format_bytes(field_of(resources, "bytes", 0)))
}

# How long resources live, by step; the largest where there are many.
plan_lives <- function(document, most = 8L) {
  resources <- document$resources
  table <- data.frame(
    name = field_of(resources, "name", ""), scope = field_of(resources, "scope", ""), bytes = field_of(resources, "bytes", 0),
    size = plan_sizes(resources), from = field_of(resources, "born"), to = field_of(resources, "last_use"), stringsAsFactors = FALSE
  )
  last <- last_step(document)
  registered <- table$scope == "registered"
  table$from[registered | is.na(table$from)] <- -0.5
  table$to[field_of(resources, "stays", FALSE)] <- last + 0.5
  table$to[is.na(table$to)] <- table$from[is.na(table$to)]
  more <- nrow(table) - most
  if (more > 0L) table <- table[order(table$bytes, decreasing = TRUE)[seq_len(most)], ]
  table <- table[order(table$from, -table$bytes), ]
  table$label <- sprintf("%s (%s)", short_text(table$name, 16L), table$size)
  attr(table, "more") <- max(more, 0L)
  table
}

# Bytes of the run's own memory in each step, as predicted.
bytes_by_step <- function(document) {
  bytes <- as.numeric(unlist(document$bytes_by_step))
  bytes <- bytes[seq_len(min(length(bytes), last_step(document) + 1))]
  data.frame(step = seq_along(bytes) - 1, bytes = bytes)
}
