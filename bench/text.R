# Text and lists of small items: what encoding takes beside serialize() of the same value, and what a call over it takes beside lapply().
# docs/measurements.md says what the figures mean. Rscript bench/text.R [part]; parts: encode, decode, lists. Needs a quiet machine.
library(memshare, lib.loc = Sys.getenv("MEMSHARE_LIB", unset = .libPaths()[1]))
options(memshare.cores = 2L)
parts <- commandArgs(TRUE)
wanted <- function(part) !length(parts) || part %in% parts
n <- as.integer(Sys.getenv("TEXT_N", "1000000"))

# Seconds, the best of three: other processes only ever add. `prepare` makes the value anew, for R may change it in place.
# "cpu" is what this process used, of all its threads; a call that workers take part in is measured by the clock.
seconds <- function(f, prepare = function() NULL, of = "cpu") {
  min(vapply(1:3, function(i) {
    value <- prepare()
    gc(FALSE)
    took <- system.time(f(value))
    if (of == "cpu") took[["user.self"]] + took[["sys.self"]] else took[["elapsed"]]
  }, 0))
}
share <- function(x) registerVariables("bench", list(x = x))
forget <- function() releaseVariables("bench", "x")
# A string is made by formatting once only: R keeps those that exist. So the deferred vector is another one each time.
offset <- 0L
deferred <- function() {
  offset <<- offset + 2L * n
  as.character(offset + seq_len(2L * n))
}
latin1 <- function() iconv(sprintf("\u00fcber %d", seq_len(n)), "UTF-8", "latin1")
utf8 <- function() sprintf("\u65e5\u672c %d", seq_len(n))
mixed <- function() {
  x <- c(utf8()[seq_len(n / 2)], latin1()[seq_len(n / 2)])
  x[seq(1L, n, 10L)] <- NA
  x
}
named <- function() stats::setNames(seq_len(n) + 0L, sprintf("name %d", seq_len(n)))
levels_1e5 <- function() factor(rep_len(sprintf("level %d", seq_len(1e5)), n))
strings_list <- function() as.list(sprintf("item %d", seq_len(n)))
numbers_list <- function() lapply(seq_len(n), function(i) c(i, i + 0.5))
ragged_list <- function() lapply(seq_len(n), function(i) seq_len(i %% 4L) + 0.5)

values <- list(
  "as.character(integers), 2 n" = deferred, "UTF-8" = utf8, "Latin-1" = latin1, "UTF-8, Latin-1, NA" = mixed, "names of integers" = named,
  "factor of 1e5 levels" = levels_1e5, "list of strings" = strings_list, "list of numbers" = numbers_list,
  "list of unlike numbers" = ragged_list
)

if (wanted("encode")) {
  i <- 0L
  cat(sprintf("n = %d\n%-30s%12s%12s%12s\n", n, "registerVariables()", "serialize", "memshare", "ratio"))
  for (name in names(values)) {
    plain <- if (name == names(values)[[1L]]) sprintf("%d", seq_len(2L * n)) else values[[name]]()
    base <- seconds(function(.) serialize(plain, NULL, xdr = FALSE))
    rm(plain)
    ours <- seconds(share, function() {
      if (i > 0L) forget()
      i <<- i + 1L
      values[[name]]()
    })
    i <- 0L
    forget()
    cat(sprintf("%-30s%12.3f%12.3f%12.2f\n", name, base, ours, ours / base))
  }
}

if (wanted("decode")) {
  cat(sprintf("\n%-30s%12s%12s%12s\n", "read all of a view", "unserialize", "memshare", "ratio"))
  count <- function(x) sum(nchar(x, "bytes"), na.rm = TRUE)
  read <- function(x) count(names(x)) + count(levels(x)) + if (is.character(x)) count(x) else length(unlist(x, use.names = FALSE))
  for (name in names(values)[-1L]) {
    x <- values[[name]]()
    bytes <- serialize(x, NULL, xdr = FALSE)
    share(x)
    # The strings stay alive in `x`, for both.
    base <- seconds(function(.) read(unserialize(bytes)))
    ours <- seconds(function(.) read(retrieveViews("bench", "x")[[1L]]))
    releaseViews("bench", "x")
    forget()
    cat(sprintf("%-30s%12.3f%12.3f%12.2f\n", name, base, ours, ours / base))
  }
}

if (wanted("lists")) {
  cat(sprintf("\n%-30s%12s%12s%12s\n", "memLapply()", "lapply", "memshare", "ratio"))
  line <- function(name, x, f) {
    base <- seconds(function(.) lapply(x, f), of = "clock")
    ours <- seconds(function(.) memLapply(x, f), of = "clock")
    cat(sprintf("%-30s%12.3f%12.3f%12.2f\n", name, base, ours, ours / base))
  }
  invisible(memLapply(1:2, identity))
  line("X: list of strings", strings_list(), function(v) nchar(v))
  line("X: list of numbers", numbers_list(), function(v) v[[1L]])
  line("X: list of unlike numbers", ragged_list(), function(v) length(v))
  line("results: strings", seq_len(n), function(i) as.character(i))
  line("results: numbers", seq_len(n), function(i) c(i, i + 0.5))
  line("results: unlike numbers", seq_len(n), function(i) numeric(i %% 4L))
  line("10,000 small items", numbers_list()[seq_len(min(n, 10000L))], function(v) v[[1L]])
}
