# One chaos program as an R session sees it: Rscript session.R DIR SEED STEPS TRAIT AT CLUSTER END
#
# The session goes step by step at the driver's word (drive.py), and says what came of each. Words go over two FIFOs in DIR: `said` and
# `orders`. Interrupts reach it in calls of memshare alone, so that none ends the session itself.
args <- commandArgs(TRUE)
dir <- args[[1]]
here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[[1]]))
said <- file.path(dir, "said")
say_to <- function(said, ...) {
  con <- file(said, "a", raw = TRUE)
  on.exit(close(con))
  cat(sprintf(...), "\n", sep = "", file = con)
}
say <- function(...) say_to(said, ...)
orders <- fifo(file.path(dir, "orders"), "r", blocking = TRUE)
# The driver's next order, in words.
ordered <- function() {
  line <- character()
  while (!length(line)) line <- readLines(orders, 1)
  strsplit(line, " ")[[1]]
}

# What FUN calls with its element's number: tells the driver of one element, and does there what the driver wants.
touch_of <- function(k, at, act) {
  force(k)
  force(at)
  act <- gsub("_", " ", act)
  flag <- file.path(dir, paste0("once-", k))
  said <- said
  function(i) {
    if (i != at) return(invisible())
    say_to(said, "@element %d %d", k, Sys.getpid())
    if (endsWith(act, "once")) if (file.exists(flag)) return(invisible()) else file.create(flag)
    if (startsWith(act, "kill with")) system("sleep 1000 &")
    if (startsWith(act, "kill")) tools::pskill(Sys.getpid(), tools::SIGKILL)
    if (startsWith(act, "quit")) quit("no", 3)
    deep <- function(n) deep(n + 1) + 1
    switch(act, overflow = deep(1), allocate = numeric(2e9), fill = sum(numeric(3e8)))
    # So that what the driver does finds it here.
    if (act == "none") Sys.sleep(0.05)
  }
}

# What happens between the beginning of a run and its end.
between_of <- function(k, act) {
  switch(act,
    unlink = function(run) {
      while (!resolved(run)) Sys.sleep(0.01)
      say("@resolved %d", k)
      ordered()
    },
    mclapply = function(run) parallel::mclapply(1:2, function(i) gc(), mc.cores = 2),
    mclapply_quits = function(run) suppressWarnings(parallel::mclapply(1:2, function(i) quit("no"), mc.cores = 2)),
    mclapply_dies = function(run) {
      suppressWarnings(parallel::mclapply(1:2, function(i) tools::pskill(Sys.getpid(), tools::SIGKILL), mc.cores = 2))
    },
    function(run) NULL
  )
}

# How a call ended, in one word, with the element that its error names.
end_of <- function(made, call) {
  suspendInterrupts({
    ended <- tryCatch(list(value = allowInterrupts(call())), error = identity, interrupt = identity)
    if (inherits(ended, "interrupt")) return(c("interrupt", ""))
    if (inherits(ended, "error")) {
      cat("error:", conditionMessage(ended), "\n")
      own <- !is.null(made$expected_error) && inherits(ended, made$expected_error)
      return(c(if (own) "as ever" else class(ended)[[1]], format(ended$index)))
    }
    if (is.null(made$expected_error) && identical(ended$value, made$expected)) return(c("as ever", ""))
    saveRDS(list(value = ended$value, expected = made$expected), file.path(dir, "wrong.rds"))
    c("wrong", "")
  })
}

# Takes an interrupt that came too late for the call.
take_late <- function() tryCatch(allowInterrupts(Sys.sleep(0.01)), interrupt = function(i) NULL)

do_step <- function(k, made) {
  say("@ready %d %d %s | %s", k, made$n, paste(made$traits, collapse = ","), made$what)
  order <- ordered()
  # Of calls within the step that memLastRun() does not tell of any more.
  earlier <- 0
  ran <- function() earlier <<- earlier + memLastRun()$deaths
  hooks <- list(ran = ran, touch = touch_of(k, as.integer(order[[2]]), order[[4]]), retries = as.integer(order[[3]]), between = between_of(k, order[[4]]))
  say("@begin %d", k)
  end <- end_of(made, function() made$call(hooks))
  deaths <- earlier + tryCatch(memLastRun()$deaths, error = function(e) 0)
  say("@end %d %s|%s|%d", k, end[[1]], end[[2]], as.integer(deaths))
  ordered()
  take_late()
  calm <- tryCatch(if (identical(memLapply(1:4, function(i) i^2, MAX.CORES = 2), as.list((1:4)^2))) "right" else "wrong",
    error = function(e) gsub("\n", " ", conditionMessage(e))
  )
  say("@calm %d %s", k, calm)
}

# Nothing of the program is held any more, and two idle workers are there.
at_rest <- function() {
  memshare_gc("chaos")
  memshare_gc("written")
  for (i in 1:2) gc(verbose = FALSE)
  memLapply(1:2, function(i) Sys.sleep(0.01), MAX.CORES = 2)
  invisible()
}

main <- function() {
  set.seed(as.integer(args[[2]]))
  say("@start")
  ordered()
  library(memshare)
  for (file in c("programs.R", "chains.R")) source(file.path(here, file))
  cluster <- if (args[[6]] == "yes") parallel::makePSOCKcluster(2)
  at_rest()
  say("@loaded")
  ordered()
  registerVariables("kept", list(x = as.double(1:1e5)))
  view <- retrieveViews("kept", "x")$x
  for (k in seq_len(as.integer(args[[3]]))) do_step(k, drawn_step(if (k == as.integer(args[[5]])) args[[4]] else "any", cluster))
  if (!identical(sum(view), sum(as.double(1:1e5)))) say("@wrong a registered variable")
  rm(view)
  memshare_gc("kept")
  at_rest()
  say("@rest %d %d", length(pageList()), length(viewList()))
  ordered()
  # Each node alone: stopCluster() ends with an error at the first that died.
  suppressWarnings(memshare:::stop_nodes(cluster))
}

suspendInterrupts({
  main()
  if (args[[7]] == "unload") {
    unloadNamespace("memshare")
    invisible(gc(verbose = FALSE))
  }
  say("@over")
  ordered()
})
