# Schedules side by side, on a virtual clock.

#' Which schedule suits a plan
#'
#' `memCompare()` simulates a plan with several schedules, see [memSimulate()], and sets the time each would take against the
#' lower bound that none can beat: all work shared evenly by the workers, or the longest element.
#'
#' `"profiled"` knows what the elements cost, all others do not, as in a first run: so `"auto"` here is what the first run takes, and
#' `"profiled"` what `"auto"` does from the second run on.
#'
#' @inheritParams memSimulate
#' @param schedules Schedules, see [memControl()].
#' @param workers Numbers of workers; by default the plan's own.
#' @param x A comparison.
#' @return A data frame of class `memshare_comparison`, as that of `memSimulate()`, with `ratio`, the makespan over the
#'   bound; the best first.
#' @seealso [memSimulate()], [memControl()]
#' @examples
#' # Nine short elements and a long one at the end
#' pass <- memLapply(1:10, function(i) i, CONTROL = memControl(lazy = TRUE))
#' memCompare(pass, workers = 2, profile = c(rep(0.01, 9), 0.08))
#' @export
memCompare <- function(plan, schedules = c("auto", "static", "guided", "factoring", "adaptive", "profiled"), workers = NULL,
                       profile = NULL, overhead = NULL, chunk = NULL) {
  call <- sys.call()
  check_given(c(plan = missing(plan)), call)
  plan <- as_plan(plan, substitute(plan), call)
  if (is.null(workers)) workers <- unwrap_pass(plan)$main$program$spec$workers
  workers <- check_how_many(workers, "workers", call)
  schedules <- check_schedules(schedules, chunk, call)
  work <- work_of(plan, profile, call)
  knowing <- schedules == "profiled"
  model <- function(known) list(work = work, overhead = overhead, known = known)
  table <- rbind(
    if (any(!knowing)) simulated(plan, workers, schedules[!knowing], chunk, model(FALSE), call),
    if (any(knowing)) simulated(plan, workers, schedules[knowing], chunk, model(TRUE), call)
  )
  table$ratio <- table$makespan / table$bound
  table <- table[order(table$workers, table$makespan), ]
  rownames(table) <- NULL
  structure(table, class = c("memshare_comparison", "data.frame"))
}

# Schedules within this part of the best are as good.
as_good <- 1.01

#' @rdname memCompare
#' @export
format.memshare_comparison <- function(x, ...) {
  if (!all(c("workers", "makespan", "bound", "ratio", "schedule") %in% names(x))) return(character())
  lines <- unlist(lapply(unique(x$workers), function(workers) {
    own <- x[x$workers == workers, ]
    lines <- paste0(
      "  ", formatC(own$schedule, width = -max(nchar(own$schedule))), "  ", right(format_seconds(own$makespan)), "  ",
      right(sprintf("%.2f of the bound", own$ratio)), "  ", right(vapply(own$chunks, count_of, "", "chunk"))
    )
    others <- own$schedule[own$makespan <= own$makespan[[1L]] * as_good][-1L]
    c(
      sprintf("%s; no schedule below %s", count_of(workers, "worker"), format_seconds(own$bound[[1L]])), lines,
      sprintf("best: %s%s", own$schedule[[1L]], if (length(others)) sprintf("; as good: %s", paste(others, collapse = ", ")) else "")
    )
  }))
  if (!all(c("auto", "profiled") %in% x$schedule)) return(lines)
  c(lines, "auto is that of a first run; from the second run on it knows the costs and does as profiled")
}

#' @rdname memCompare
#' @export
print.memshare_comparison <- function(x, ...) {
  lines <- format(x)
  if (length(lines)) cat_lines(lines) else print(as.data.frame(unclass(x), stringsAsFactors = FALSE))
  invisible(x)
}

#' @rdname memCompare
#' @export
plot.memshare_comparison <- function(x, ...) {
  labels <- if (length(unique(x$workers)) > 1L) sprintf("%s, %s", x$schedule, vapply(x$workers, count_of, "", "worker")) else x$schedule
  places <- rev(seq_len(nrow(x)))
  defaults <- list(
    x = x$makespan, y = places, pch = 19, xlim = c(0, max(x$makespan)), ylim = c(0.5, nrow(x) + 0.5), yaxt = "n",
    xlab = "seconds", ylab = "", main = "predicted time by schedule"
  )
  old <- graphics::par(mar = c(5, 2 + max(nchar(labels)) / 2, 4, 2))
  on.exit(graphics::par(old))
  do.call(graphics::plot.default, utils::modifyList(defaults, list(...)), quote = TRUE)
  graphics::segments(0, places, x$makespan, places, col = "grey60")
  graphics::segments(x$bound, places - 0.4, x$bound, places + 0.4, col = "firebrick", lwd = 2)
  graphics::axis(2, places, labels, las = 1, tick = FALSE)
  graphics::mtext("red: no schedule is faster", 3, cex = 0.8)
  invisible(x)
}
