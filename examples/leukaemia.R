# The main job on real data: which genes tell B-cell from T-cell leukaemia? 12,625 probes measured on 128 patients (Chiaretti
# and others, Blood 2004; Debian package r-bioc-all). Run it with: make demo
library(memshare)

if (!requireNamespace("ALL", quietly = TRUE) || !requireNamespace("Biobase", quietly = TRUE)) {
  stop("This example needs the ALL data: apt-get install r-bioc-all (Debian, Ubuntu), or BiocManager::install(\"ALL\")")
}
data("ALL", package = "ALL", envir = environment())
expression <- Biobase::exprs(ALL)
type <- substr(as.character(ALL$BT), 1, 1)
cat(sprintf("%d probes x %d patients; B-cell: %d, T-cell: %d\n", nrow(expression), ncol(expression), sum(type == "B"), sum(type == "T")))

# A gene's score: Welch's t between the two types.
score <- function(v, type) {
  b <- v[type == "B"]
  t <- v[type == "T"]
  (mean(b) - mean(t)) / sqrt(var(b) / length(b) + var(t) / length(t))
}

# PSS counts a shared page once, however many processes map it.
memory <- function(pids) {
  pss <- function(pid) {
    lines <- tryCatch(readLines(sprintf("/proc/%d/smaps_rollup", pid)), error = function(e) "Pss: 0 kB", warning = function(w) "Pss: 0 kB")
    as.numeric(sub("^Pss:\\s+([0-9]+) kB$", "\\1", grep("^Pss:", lines, value = TRUE)[[1]])) / 1024
  }
  sum(vapply(pids, pss, 0))
}

# The seconds that `code` takes, and the most memory that R had in use meanwhile, in MB.
measured <- function(code) {
  invisible(gc(reset = TRUE))
  seconds <- system.time(code)[["elapsed"]]
  c(seconds = seconds, peak = sum(gc()[, 6]))
}

best <- function(scores) utils::head(scores[order(-abs(scores))], 10)

alone <- measured(base <- apply(expression, 1, score, type = type))
# The first call starts the workers, which stay for later ones.
workers <- unique(unlist(memLapply(1:64, function(i) {
  Sys.sleep(0.005)
  Sys.getpid()
})))
simple <- memControl(simplify = TRUE)
together <- measured(shared <- memApply(expression, 1, score, VARS = list(type = type), CONTROL = simple))
run <- memLastRun()

cat("\nThe ten genes that differ most\n")
print(data.frame(probe = names(best(shared)), memApply = unname(best(shared)), apply = unname(best(base))), digits = 6, row.names = FALSE)
cat(sprintf("\nsame values as apply(), names included: %s\n", identical(shared, base)))
cat(sprintf("apply:    %.3f s, at most %.0f MB in R\n", alone[["seconds"]], alone[["peak"]]))
cat(sprintf(
  "memApply: %.3f s, at most %.0f MB in this R, %d workers, %.1f MB shared\n",
  together[["seconds"]], together[["peak"]], length(workers), run$bytes_shared / 1e6
))
if (dir.exists("/proc/self")) {
  cat(sprintf("memory (PSS): this session %.0f MB, with its workers %.0f MB\n", memory(Sys.getpid()), memory(c(Sys.getpid(), workers))))
}
print(run)
if (!identical(shared, base)) quit("no", status = 1)
