# Simulated runs as people see them.

#' @rdname memSimulate
#' @export
format.memshare_simulation <- function(x, ...) {
  if (!all(c("workers", "makespan", "speedup", "bound", "efficiency", "chunks") %in% names(x)) || !nrow(x)) return(character())
  several <- length(unique(x$schedule)) > 1L
  workers <- paste0(format_count(x$workers), ifelse(x$workers == 1, " worker: ", " workers:"))
  parts <- cbind(
    if (several) formatC(x$schedule, width = -max(nchar(x$schedule))),
    if (!is.null(x$hosts)) right(paste(format_count(x$hosts), ifelse(x$hosts == 1, "host  of", "hosts of"))), right(workers),
    right(paste0(format_seconds(x$makespan), ",")),
    right(sprintf("%s times as fast as one,", ifelse(x$speedup < 99.5, sprintf("%.1f", x$speedup), sprintf("%.0f", x$speedup)))),
    right(sprintf("efficiency %.0f %%,", 100 * x$efficiency)),
    right(sprintf("no schedule below %s,", format_seconds(x$bound))),
    right(paste0(vapply(x$chunks, count_of, "", "chunk"), if (!is.null(x$link)) ",")),
    if (!is.null(x$link)) right(sprintf("%s over the network, which is busy %.0f %% of the time", format_bytes(x$bytes), 100 * x$link))
  )
  apply(parts, 1L, paste, collapse = " ")
}

right <- function(text) formatC(text, width = max(nchar(text)))

#' @rdname memSimulate
#' @export
print.memshare_simulation <- function(x, ...) {
  lines <- format(x)
  if (length(lines)) cat_lines(lines) else print(as.data.frame(unclass(x), stringsAsFactors = FALSE))
  invisible(x)
}

#' @rdname memSimulate
#' @export
plot.memshare_simulation <- function(x, ...) {
  schedules <- unique(x$schedule)
  if (!is.null(x$hosts)) x$workers <- x$hosts * x$workers
  defaults <- list(
    x = range(x$workers), y = range(x$makespan, x$bound), type = "n", log = "xy", xlab = if (is.null(x$hosts)) "workers" else "workers on all hosts", ylab = "seconds",
    main = "simulated time by workers"
  )
  do.call(graphics::plot.default, utils::modifyList(defaults, list(...)), quote = TRUE)
  bound <- x[order(x$workers), ]
  graphics::lines(bound$workers, bound$bound, lty = 2)
  for (i in seq_along(schedules)) {
    own <- x[x$schedule == schedules[[i]], ]
    own <- own[order(own$workers), ]
    graphics::lines(own$workers, own$makespan, type = "b", pch = 19, col = i)
  }
  graphics::legend(
    "topright", c(schedules, "no schedule below"), col = c(seq_along(schedules), 1), lty = c(rep(1, length(schedules)), 2), bty = "n"
  )
  invisible(x)
}
