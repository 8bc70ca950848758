# Writes docs/benchmarks.md: memshare beside base R, package parallel, and the peers that are installed; each row with its bars.
# Rscript bench/peers.R [rows]. With rows it measures these in its own session, and only prints; without, it has a session measure each row, so that
# none finds another's heap. Two workers, warm, medians; the sides of a row are timed in turn. Rows: rows.R.
library(memshare)
source("bench/rows.R")
source("bench/native.R")
source("bench/limit.R")
options(memshare.quiet = TRUE)
space <- paste0("bench-", Sys.getpid())
rscript <- file.path(R.home("bin"), "Rscript")

# Seconds of the first call of a session that has the package loaded.
first_call <- function() {
  code <- "library(memshare); cat(system.time(memLapply(1:2, identity, MAX.CORES = 2))[[3]])"
  as.numeric(system2(rscript, c("--vanilla", "-e", shQuote(code)), stdout = TRUE))
}

# Megabytes, see memory.R.
grown_by <- function(way) as.numeric(system2(rscript, c("--vanilla", "bench/memory.R", way), stdout = TRUE))

# Medians of a row's sides, in seconds or what the row tells.
measured <- function(row) {
  old <- options(row$options)
  on.exit(options(old))
  frame <- new.env(parent = globalenv())
  eval(row$make, frame)
  sides <- Filter(Negate(is.null), row$sides)
  timed <- lapply(sides, function(side) eval(call("function", NULL, side), frame))
  clock <- function(side, times = 1) {
    eval(row$before[[side]], frame)
    system.time(for (k in seq_len(times)) timed[[side]]())[["elapsed"]] / times
  }
  # Warms pages, byte code and workers.
  known <- vapply(names(timed), clock, 0)
  for (side in names(timed)) if (known[[side]] < 10) known[[side]] <- clock(side)
  rounds <- if (is.null(row$rounds)) 7L else row$rounds
  seconds <- matrix(known, rounds, length(timed), byrow = TRUE, dimnames = list(NULL, names(timed)))
  for (round in seq_len(rounds)) for (side in names(timed)[known < 10]) {
    seconds[round, side] <- clock(side, if (is.null(row$scale) || known[[side]] > 0.01) 1 else row$scale)
  }
  medians <- apply(seconds, 2L, stats::median)
  for (side in names(row$divide)) medians[[side]] <- medians[[side]] / row$divide[[side]]
  inside <- vapply(row$inside, function(code) stats::median(replicate(5L, eval(code, frame))), 0)
  eval(row$after, frame)
  rm(frame)
  memshare_gc(space)
  gc()
  c(unlist(row$fixed), medians, inside)
}

said <- function(value, unit) if (is.null(unit)) said_seconds(value) else paste(round(value), unit)
said_seconds <- function(seconds) if (seconds < 0.01) sprintf("%.3g ms", seconds * 1e3) else sprintf("%.3f s", seconds)

# The lines of a row: one a bar.
lines_of <- function(id, row, medians) {
  others <- setdiff(names(medians), c(names(row$fixed), vapply(row$bars, `[[`, "", "of")))
  beside <- paste(sprintf("%s %s", others, vapply(medians[others], said, "", row$unit)), collapse = ", ")
  vapply(seq_along(row$bars), function(k) {
    bar <- row$bars[[k]]
    ratio <- medians[[bar$of]] / medians[[bar$than]]
    beyond <- bar$limited && medians[["limit"]] > bar$most * medians[[bar$than]]
    verdict <- if (ratio <= bar$most) "pass" else if (beyond && medians[[bar$of]] <= 1.1 * medians[["limit"]]) "at the limit" else "short"
    sprintf(
      "| %s | %s | %s %s | %.2f of %s | %.4g | %s | %s |", id, if (k == 1L) row$work else "", bar$of, said(medians[[bar$of]], row$unit), ratio, bar$than,
      bar$most, verdict, if (k == 1L) beside else ""
    )
  }, "")
}

about_machine <- function() {
  model <- sub("^model name\\s*: ", "", grep("^model name", readLines("/proc/cpuinfo"), value = TRUE)[[1L]])
  huge <- tryCatch(readLines("/sys/kernel/mm/transparent_hugepage/enabled"), error = function(e) "not known")
  peers <- c("future.apply", "BiocParallel", "doParallel", "bigmemory", "mirai", "mori")
  there <- Filter(peer, peers)
  versions <- paste(there, vapply(there, function(p) as.character(utils::packageVersion(p)), ""), collapse = ", ")
  c(
    sprintf(
      "%s, %s, %d cores, Linux %s, %s, BLAS %s. Huge pages: %s.", format(Sys.Date()), model, parallel::detectCores(), Sys.info()[["release"]],
      R.version.string, basename(extSoftVersion()[["BLAS"]]), huge
    ),
    sprintf("Peers: %s. Not found here: %s.", versions, paste(setdiff(peers, there), collapse = ", ")),
    sprintf("Load of the machine when it began: %s.", strsplit(readLines("/proc/loadavg"), " ")[[1L]][[1L]])
  )
}

asked <- commandArgs(TRUE)
if (length(asked)) {
  cluster <- parallel::makeCluster(2)
  if (peer("future.apply")) future::plan(future::multisession, workers = 2)
  if (peer("doParallel")) doParallel::registerDoParallel(cores = 2)
  if (peer("BiocParallel")) multicore <- BiocParallel::MulticoreParam(2)
  for (id in asked) writeLines(lines_of(id, rows[[id]], measured(rows[[id]])))
  parallel::stopCluster(cluster)
} else {
  head <- c(
    "# Benchmarks", "",
    paste(
      "`make bench` writes this page. Two workers, warm; each row has a session, in which its sides are timed in turn, and medians are compared; what takes",
      "more than ten seconds is timed once. A *bar* is the most that we allow ourselves, as a ratio to another side of the same row. A *limit* is what this machine allows: two forked R processes that do",
      "nothing but the calls of FUN on their own copy of the data (`bench/limit.R`); a bar below it is met at 1.1 of the limit. Times of a virtual machine move",
      "by a fifth from hour to hour; ratios move less. What else was measured, and what the figures mean: [measurements.md](measurements.md)."
    ), "", about_machine(), "",
    "| row | work | ours | ratio | bar | | the others |", "|---|---|---|---|---|---|---|"
  )
  row_lines <- function(id) {
    lines <- grep("^[|] ", system2(rscript, c("--vanilla", "bench/peers.R", id), stdout = TRUE), value = TRUE)
    if (!length(lines)) lines <- sprintf("| %s | %s | failed | | | short | |", id, rows[[id]]$work)
    writeLines(lines)
    lines
  }
  table <- unlist(lapply(names(rows), row_lines))
  source("bench/growth.R")
  short <- sum(grepl("| short |", table, fixed = TRUE))
  writeLines(c(
    head, table, "", sprintf("%d of %d bars are met.", length(table) - short, length(table)), "",
    "How the cost of a call grows with the work:", "", "![Seconds against elements, bytes and workers](benchmarks.svg)"
  ), "docs/benchmarks.md")
}
