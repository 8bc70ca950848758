# What a picture of a run shows, in tables: rectangles, deaths, memory and lives. Drawn by plot-run.R and by autoplot.R.

# `columns`: how many places across there are: what lies within one of them is one rectangle. `memory`: NULL of a run over several hosts.
timeline_of <- function(document, columns = 1500) {
  run <- document$run
  wall <- max(run$figures$seconds, unlist(run$chunks$ended), 1e-9)
  stages <- stages_shown(document)
  chunks <- run$chunks
  table <- data.frame(
    worker = chunks$worker, stage = stages$shown[chunks$stage + 1], state = chunks$state, from = chunks$started,
    to = pmin(chunks$ended, wall),
    fun = chunks$fun, count = rep(1, length(chunks$stage)), stringsAsFactors = FALSE
  )
  done <- table$state == "done"
  workers <- workers_table(document)
  list(
    wall = wall, places = max(document$workers, workers$worker, table$worker), stages = stages$labels, colours = stages$colours,
    done = merged(table[done, ], wall / columns), odd = table[!done, ], loads = loads_of(document, wall), workers = workers, deaths = workers[!is.na(workers$died), ],
    slow = longest_element(document, stages$shown, wall), memory = if (!length(run$hosts)) memory_steps(run, wall),
    budget = if (length(document$budget)) document$budget, lives = lives_of(document, wall)
  )
}

# When packages were loaded, by worker: what was loaded for all of them kept each waiting until it joined.
loads_of <- function(document, wall) {
  loads <- document$run$loads
  table <- data.frame(
    worker = field_of(loads, "worker"), packages = field_of(loads, "packages", ""), from = field_of(loads, "from", 0),
    to = pmin(field_of(loads, "until", 0), wall), stringsAsFactors = FALSE
  )
  joined <- tapply(field_of(document$run$workers, "joined", 0), field_of(document$run$workers, "worker", 0), min)
  for_all <- table[is.na(table$worker), ]
  places <- seq_len(document$workers)
  until <- ifelse(is.na(joined[as.character(places)]), wall, joined[as.character(places)])
  spread <- do.call(rbind, lapply(places, function(worker) {
    own <- for_all[for_all$from < until[[worker]], ]
    own$worker <- rep(worker, nrow(own))
    own$to <- pmin(own$to, until[[worker]])
    own
  }))
  rbind(table[!is.na(table$worker), ], spread)
}

# The element that took longest, where it is a large part of the run: when, and where.
longest_element <- function(document, shown, wall) {
  passes <- passes_table(document)
  passes <- passes[passes$part == "map" & !is.na(passes$slowest_seconds), ]
  if (!nrow(passes)) return(NULL)
  pass <- passes[which.max(passes$slowest_seconds), ]
  chunks <- document$run$chunks
  at <- which(chunks$stage + 1 == pass$stage & chunks$state == "done" & chunks$first <= pass$slowest & chunks$last >= pass$slowest)
  if (length(at) != 1L || pass$slowest_seconds < 0.15 * wall) return(NULL)
  name <- Filter(Negate(is.null), lapply(document$passes, function(of) if (of$name == pass$pass) of$figures$slowest[[1L]]$name))
  label <- sprintf("%s, %s", element_label(pass$slowest, if (length(name)) name[[1L]]), format_seconds(pass$slowest_seconds))
  from <- max(chunks$ended[[at]] - pass$slowest_seconds, chunks$started[[at]])
  list(from = from, to = chunks$ended[[at]], worker = chunks$worker[[at]], stage = shown[[pass$stage]], label = label)
}

# Stages that get a colour: the heaviest seven; the others are one.
stages_shown <- function(document, most = 7L) {
  names <- brief_stages(document)
  figures <- passes_table(document)
  fun <- vapply(seq_along(names), function(i) sum(figures$fun[figures$stage == i]), 0)
  own <- seq_along(names)
  if (length(names) > most) own <- sort(order(fun, decreasing = TRUE)[seq_len(most)])
  shown <- match(seq_along(names), own)
  labels <- names[own]
  if (anyNA(shown)) {
    labels <- c(labels, count_of(sum(is.na(shown)), "other"))
    shown[is.na(shown)] <- length(labels)
  }
  list(shown = shown, labels = labels, colours = c(colours_for(length(own)), if (length(labels) > length(own)) ink$other))
}

# Chunks of the same worker and stage that nobody would see apart are one rectangle. O(n log n).
merged <- function(table, pixel) {
  n <- nrow(table)
  if (n < 2L) return(table)
  table <- table[order(table$worker, table$from), ]
  one <- function(same) {
    group <- cumsum(c(TRUE, !same))
    last <- c(which(diff(group) > 0), nrow(table))
    first <- c(1L, last[-length(last)] + 1L)
    out <- table[first, ]
    out$to <- pmax(table$to[last], out$to)
    for (sum in c("count", "fun")) out[[sum]] <- diff(c(0, cumsum(table[[sum]])[last]))
    out
  }
  before <- -n
  small <- table$to - table$from < pixel
  same <- table$worker[-1L] == table$worker[before] & table$stage[-1L] == table$stage[before] & (small[-1L] | small[before]) &
    table$from[-1L] - table$to[before] < pixel
  table <- one(same)
  if (nrow(table) <= 20000L) return(table)
  # Stages take turns faster than can be seen: what stands in one place is of the first of them.
  place <- floor(table$from / pixel)
  one(table$worker[-1L] == table$worker[-nrow(table)] & place[-1L] == place[-nrow(table)])
}

# The bytes of the run's own memory, as a step function from the begin to the end.
memory_steps <- function(run, wall) {
  at <- run$memory$at
  bytes <- run$memory$bytes
  if (!length(at)) return(data.frame(at = c(0, wall), bytes = c(0, 0)))
  if (length(at) > 4000L) {
    # Of very many changes the highest of each few.
    group <- ceiling(seq_along(at) / (length(at) / 2000))
    keep <- sort(unique(c(1L, length(at), vapply(split(seq_along(at), group), function(few) few[which.max(bytes[few])], 0L))))
    at <- at[keep]
    bytes <- bytes[keep]
  }
  if (at[[1L]] > 0) {
    at <- c(0, at)
    bytes <- c(bytes[[1L]], bytes)
  }
  data.frame(at = c(at, wall), bytes = c(bytes, bytes[[length(bytes)]]))
}

# When the largest resources lived.
lives_of <- function(document, wall, most = 6L) {
  resources <- document$resources
  lives <- lapply(resources, `[[`, "life")
  table <- data.frame(
    name = field_of(resources, "name", ""), scope = field_of(resources, "scope", ""), bytes = field_of(resources, "bytes", 0),
    from = field_of(lives, "from"), until = field_of(lives, "until"), stringsAsFactors = FALSE
  )
  table <- table[!is.na(table$from), ]
  more <- max(nrow(table) - most, 0L)
  if (more > 0L) table <- table[order(table$bytes, decreasing = TRUE)[seq_len(most)], ]
  table <- table[order(table$from, -table$bytes), ]
  attr(table, "more") <- more
  table$stays <- is.na(table$until)
  table$until[table$stays] <- wall
  table$label <- sprintf("%s (%s)", short_text(table$name, 16L), format_bytes(table$bytes))
  table
}
