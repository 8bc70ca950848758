# The figures of every view of real runs agree: as.data.frame(), the document, JSON, DOT, Mermaid, the trace. Then the exports go to
# programs that others wrote, which must find the same (tests/exports).
library(memshare)
options(memshare.cores = 2)
set.seed(11)
lazy <- memControl(lazy = TRUE, retries = 20)
folder <- file.path(Sys.getenv("SCRATCH", tempdir()), "exports")
dir.create(folder, showWarnings = FALSE)
unlink(file.path(folder, "*"))
tests <- normalizePath(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[[1L]])), ".."))

close_to <- function(a, b) isTRUE(all.equal(a, b, tolerance = 1e-9, check.attributes = FALSE))

# Writes all formats of a plan or a run.
export <- function(x, name) {
  formats <- c(".json", ".dot", ".mmd", if (inherits(x, "memshare_run")) ".trace.json")
  for (ending in formats) memExport(x, file.path(folder, paste0(name, ending)))
}

# The events of a trace, an event a line.
events_of <- function(run) {
  lines <- strsplit(memExport(run, format = "trace"), "\n", fixed = TRUE)[[1L]]
  number <- function(field, of) as.numeric(sub(sprintf('.*"%s":([-0-9.e]+).*', field), "\\1", of))
  chunks <- grep('"cat":"chunk"', lines, fixed = TRUE, value = TRUE)
  bytes <- grep('"name":"shared memory"', lines, fixed = TRUE, value = TRUE)
  list(
    chunks = data.frame(
      started = number("ts", chunks) / 1e6, took = number("dur", chunks) / 1e6,
      first = number("first", chunks), last = number("last", chunks),
      worker = number("worker", chunks), attempt = number("attempt", chunks), bytes = number("bytes", chunks)
    ),
    bytes = number("bytes", bytes), deaths = sum(grepl('"cat":"death"', lines, fixed = TRUE))
  )
}

# A DOT attribute of the boxes of tasks that run stages, in the order of tasks.
attribute <- function(dot, name) {
  boxes <- grep("kind=map", strsplit(dot, "\n", fixed = TRUE)[[1L]], fixed = TRUE, value = TRUE)
  as.numeric(sub(sprintf('.*, %s="([-0-9.e]+)".*', name), "\\1", boxes))
}

check <- function(run) {
  document <- memshare:::document_of(run)
  figures <- document$run$figures
  chunks <- as.data.frame(document$run$chunks)
  trace <- as.data.frame(run)
  events <- events_of(run)
  dot <- memExport(run, format = "dot")
  stage <- function(field) vapply(document$stages, `[[`, 0, field)
  figure <- function(field) vapply(document$passes, function(pass) pass$figures[[field]], 0)

  # Chunks: slices, rows of the document, rows of as.data.frame() (one for each pass of the chunk's stage).
  passes <- lengths(lapply(document$stages, `[[`, "passes"))
  stopifnot(
    nrow(chunks) > 0, nrow(events$chunks) == nrow(chunks), nrow(trace) == sum(passes[chunks$stage + 1]),
    sum(chunks$state == "done") == figures$chunks, run$chunks == figures$chunks, sum(stage("chunks")) == figures$chunks,
    sum(attribute(dot, "chunks")) == figures$chunks, run$retries == figures$retries, figures$retries == sum(chunks$state == "lost"),
    max(attribute(dot, "retries")) == max(figure("retries")), events$deaths == figures$deaths
  )
  key <- function(table) table[order(table$started, table$worker, table$first), ]
  ours <- data.frame(
    started = chunks$started, took = chunks$ended - chunks$started, first = chunks$first, last = chunks$last, worker = chunks$worker,
    attempt = chunks$attempt, bytes = chunks$bytes
  )
  stopifnot(isTRUE(all.equal(key(events$chunks), key(ours), tolerance = 1e-6, check.attributes = FALSE)))

  # Elements: what is done covers each stage once.
  done <- chunks[chunks$state == "done", ]
  covered <- tapply(done$last - done$first + 1, factor(done$stage, seq_along(passes) - 1), sum)
  stopifnot(
    close_to(as.numeric(covered), stage("elements")), identical(attribute(dot, "elements"), stage("elements")),
    figures$elements == run$elements
  )

  # Seconds: durations of slices, FUN's time by chunk, pass and run.
  stopifnot(
    abs(sum(events$chunks$took) - sum(chunks$ended - chunks$started)) < 1e-8 * nrow(chunks),
    abs(sum(done$fun) - figures$fun_seconds) < 1e-8 * nrow(chunks),
    close_to(sum(figure("fun_seconds")), figures$fun_seconds),
    close_to(sum(attribute(dot, "fun_seconds")), figures$fun_seconds),
    abs(sum(trace$busy[trace$state == "done"]) - figures$fun_seconds) < 1e-6
  )

  # Bytes: what chunks wrote, what passes gave (whole lines of 64 bytes, also of what was lost), the memory curve and the counter.
  lines <- sum(figure("bytes")) - sum(done$bytes)
  stopifnot(
    lines >= 0, lines < 64 * sum(passes[chunks$stage + 1]) + max(chunks$bytes) * figures$retries,
    sum(attribute(dot, "bytes")) == sum(figure("bytes")),
    identical(events$bytes, document$run$memory$bytes), max(events$bytes) == max(document$run$memory$bytes)
  )
  cat(sprintf(
    "%s: %d chunks, %d retries, %d deaths, %.3f s of FUN, counter's peak %.0f bytes (the board's: %.0f)\n",
    document$title, nrow(chunks), figures$retries, figures$deaths, figures$fun_seconds, max(events$bytes), figures$peak_bytes
  ))
}

wait <- function(v) {
  until <- proc.time()[["elapsed"]] + 2e-3
  while (proc.time()[["elapsed"]] < until) NULL
  mean(v)
}
X <- matrix(rnorm(100 * 200), 100, dimnames = list(NULL, paste0("c", 1:200)))

# The diamond.
mu <- memApply(X, 2, wait, CONTROL = lazy)
s <- memApply(X, 2, sd, CONTROL = lazy)
z <- memLapply(1:200, function(j, X, mu, s) (X[, j] - mu[[j]]) / s[[j]], VARS = list(X = X, mu = mu, s = s), CONTROL = lazy)
top <- memLapply(z, function(v) max(v), CONTROL = lazy)
plan <- memPlan(top, s)
export(plan, "diamond-plan")
invisible(memRun(plan))
run <- memLastRun()
check(run)
export(run, "diamond")
saved <- file.path(folder, "diamond.memshare")
memSave(run, saved)
stopifnot(identical(memExport(saved, format = "trace"), memExport(run, format = "trace")))

# A worker is killed in the middle; its replacement is another process.
repeat {
  going <- memRun(plan, wait = FALSE)
  Sys.sleep(0.1)
  pids <- memshare:::native(memshare:::ms_pool_status())$pids
  if (!resolved(going) && length(pids)) tools::pskill(pids[[1L]], tools::SIGKILL)
  invisible(collect(going))
  killed <- memLastRun()
  if (killed$retries > 0) break
}
check(killed)
export(killed, "killed")

# One call, without a lazy pass; names that mean something in every language.
odd <- c("a \"b\" \\n <script>alert(1)</script>", "c; d | e `f` $$x$$ #35; &lt; %% {g} [h]", "end", "\u00e9 \u4e2d \U1F600 -->")
invisible(memApply(X, 1, sum))
check(memLastRun())
export(memLastRun(), "eager")
passes <- stats::setNames(lapply(1:4, function(i) memLapply(1:20, function(v, k) v + k, VARS = list(k = i), CONTROL = lazy)), odd)
invisible(memRun(do.call(memPlan, passes)))
check(memLastRun())
export(memLastRun(), "odd")

# A fold, and a run that fails: what was begun and not ended is there.
invisible(memRun(memPlan(memReduce(memApply(X, 2, function(v) v * 2, CONTROL = lazy), `+`, CONTROL = lazy))))
check(memLastRun())
export(memLastRun(), "fold")
failing <- memLapply(1:50, function(i) if (i == 30) stop("no") else Sys.sleep(0.002), CONTROL = lazy)
after <- memLapply(1:5, function(i, f) i, VARS = list(f = failing), CONTROL = lazy)
stopifnot(inherits(try(memRun(memPlan(after)), silent = TRUE), "try-error"))
failed <- memLastRun()
document <- memshare:::document_of(failed)
stopifnot(document$run$ended$kind == "failed", nrow(events_of(failed)$chunks) == length(document$run$chunks$stage))
export(failed, "failed")

# 600 stages in a chain.
chain <- memLapply(1:3, function(i) i, CONTROL = lazy)
for (i in 1:299) chain <- memLapply(1:3, function(i, before) i, VARS = list(before = chain), CONTROL = lazy)
export(memPlan(chain), "chain")

status <- system2("sh", c(shQuote(file.path(tests, "exports", "read-back.sh")), shQuote(folder)))
quit(status = status)
