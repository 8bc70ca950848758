# What users read, side by side in fixtures/messages.txt: errors, warnings and messages of every kind, as calls give them; what objects print;
# and all texts that are in the package's R code. Where words change, `MEMSHARE_BLESS=1 Rscript tests/one-file.R THIS` writes the file anew,
# and its difference shows what readers will see. The words of native errors are in src/rust/src/r/error.rs and scheduler/src/error.rs.
#
# An error says what failed, where, and what to do.

lazy <- memControl(lazy = TRUE)

# A call for each kind of condition, as users come by it.
provoked <- list(
  error_element = quote(memLapply(list(a = 1, b = "x"), function(v) if (is.character(v)) stop("no number") else v)),
  error_element = quote(memApply(matrix(1:4, 2, dimnames = list(NULL, c("g1", "g2"))), 2, function(v) if (v[[1]] == 3) stop("bad column"))),
  error_element = quote(memRun(scaled = memLapply(1:3, function(v) stop("bad"), CONTROL = lazy))),
  error_element = quote(memReduce(1:3, function(a, b) stop("bad pair"))),
  error_element_timeout = quote(memLapply(1:2, function(v) Sys.sleep(60), CONTROL = memControl(element_timeout = 1))),
  error_worker_died = quote(memLapply(c(a = 1, b = 2), function(v) if (v == 2) tools::pskill(Sys.getpid(), 9), CONTROL = memControl(retries = 0))),
  error_worker_died = quote(memLapply(1:2, function(v) if (v == 2) tools::pskill(Sys.getpid(), 9), CONTROL = memControl(retries = 1))),
  error_timeout = quote(memLapply(1:2, function(v) Sys.sleep(60), CONTROL = memControl(timeout = 1))),
  error_cancelled = quote(collect(cancelled(memRun(memLapply(1:2, function(v) Sys.sleep(60), CONTROL = lazy), wait = FALSE)))),
  error_input = quote(memLapply()),
  error_input = quote(memLapply(1:2)),
  error_input = quote(memLapply(1:2, "nofunction")),
  error_input = quote(memLapply("x", identity)),
  error_input = quote(memLapply(1:2, identity, MAX.CORES = 0)),
  error_input = quote(memLapply(1:2, identity, MAX.CORES = 1e6)),
  error_input = quote(memCluster(1e6)),
  error_input = quote(memLapply(1:2, function(v, M) v, M = 5)),
  error_input = quote(memLapply(1:2, function(v, w) v, VARS = list(z = 1))),
  error_input = quote(memControl(lasy = TRUE)),
  error_input = quote(memControl(schedule = "quick")),
  error_input = quote(memApply(1:3, 1, sum)),
  error_input = quote(memApply(matrix(1:4, 2), 3, sum)),
  error_input = quote(registerVariables("messages", 1)),
  error_already_registered = quote(registerVariables("messages", list(there = 1))),
  error_not_allocated = quote(retrieveViews("messages", "none")),
  error_not_writable = quote(memWrite("messages", "there", 2)),
  error_busy = quote(of_fun(memApply("filled", 2, function(v) memWrite("messages", "filled", v[[1]], 1), NAMESPACE = "messages"))),
  error_file = quote(memMap("messages", "file", "none.bin", "double")),
  error_no_space = quote(memAllocate("messages", "huge", "double", 1e14)),
  error_memory_limit = quote(memLapply(1:2, function(v, y) v, VARS = list(y = numeric(1e6)), CONTROL = memControl(memory = 1e6))),
  error_plan = quote(memPlan(memLapply(1:2, function(v, w) v + w, CONTROL = lazy))),
  error_unknown = quote(memStory(memLastRun(), "none")),
  error_profile = quote(memLoadProfile("none.profile")),
  error_checkpoint = quote(for (n in 2:3) memLapply(seq_len(n), identity, CONTROL = memControl(checkpoint = file.path(tempdir(), "other")))),
  error_kept = quote(memRedo()),
  error_value = quote(memLapply(c(a = 1, b = 2), function(v) "text", CONTROL = memControl(FUN.VALUE = 0))),
  error_package = quote(memLapply(1:2, identity, CONTROL = memControl(packages = "nosuchpackage"))),
  error_global = quote(of_fun(memLapply(1, function(i) get(paste0("messages_", "big"))))),
  error_nested = quote(memLapply(1, function(v, deep) v, VARS = list(deep = Reduce(function(x, i) list(x), 1:1e5, list())))),
  warning_collected = quote(memLapply(1:3, function(v) if (v == 2) stop("bad"), CONTROL = memControl(on_error = "collect"))),
  warning_element = quote(memLapply(c(a = 1), function(v) as.integer("x"))),
  warning_recycled = quote(memMapply(function(a, b) a, 1:3, 1:2)),
  message_element = quote(memLapply(c(a = 1), function(v) message("said by FUN")))
)

# Kinds that no short call gives, and the tests that have them; those of whole sessions are not in the package.
elsewhere <- c(
  error_cluster = "test-cluster.R", error_damaged = "test-damage.R", error_launch = "test-node-cluster.R", error_no_memory = "test-abuse.R",
  error_no_place = "tests/e2e/forbidden-places.sh", error_no_workers = "tests/e2e/forbidden-places.sh",
  error_not_owner = "test-views-lifetime.R", error_stopped = "test-options.R", error_worker = "test-session-state.R"
)

cancelled <- function(handle) {
  cancel(handle)
  handle
}

# The condition that FUN raised, and not that of its element.
of_fun <- function(code) tryCatch(code, memshare_error_element = function(e) stop(e$parent))

# What differs from run to run.
masked <- function(text) {
  text <- gsub(tempdir(), "TMP", text, fixed = TRUE)
  text <- gsub(Sys.info()[["nodename"]], "HOST", text, fixed = TRUE)
  text <- gsub("(process |session [(]|worker )[0-9]+", "\\1#", text)
  gsub("[0-9][0-9.,]* (B|kB|MB|GB|TB|PB|ns|us|ms|s|levels)\\b", "# \\1", text)
}

# The condition of this kind that the call gives, in words.
said_by <- function(kind, call) {
  found <- NULL
  keep <- function(condition) if (is.null(found) && inherits(condition, paste0("memshare_", kind))) found <<- conditionMessage(condition)
  tryCatch(
    withCallingHandlers(
      eval(call, environment(said_by)),
      warning = function(w) {
        keep(w)
        tryInvokeRestart("muffleWarning")
      },
      message = function(m) {
        keep(m)
        tryInvokeRestart("muffleMessage")
      }
    ),
    error = function(e) {
      keep(e)
      if (is.null(found)) found <<- paste0("NOT OF THIS KIND: ", class(e)[[1L]], ": ", conditionMessage(e))
    }
  )
  if (is.null(found)) "NO CONDITION" else masked(strsplit(sub("\n+$", "", found), "\n")[[1L]])
}

conditions_lines <- function() {
  unlist(Map(function(kind, call) {
    c(paste0("[", kind, "] ", paste(trimws(deparse(call, 500L)), collapse = " ")), paste0("    ", said_by(kind, call)), "")
  }, names(provoked), provoked), use.names = FALSE)
}

# What objects print, where that does not depend on measured times.
printed <- list(
  quote(memControl(chunk = 10, seed = 1)),
  quote(memLapply(1:3, identity, CONTROL = lazy)),
  # Functions that no other test has, for what results take is remembered by their code.
  quote(memPlan(top = memReduce(memLapply(1:3, function(v) v + 0.125, CONTROL = lazy), function(a, b) max(a, b, 0.125)))),
  quote(memHandle(1:3))
)

print_lines_of <- function() {
  unlist(lapply(printed, function(call) c(paste(">", deparse(call, 500L)), paste0("    ", masked(format(eval(call, environment(said_by))))), "")))
}

# The texts in a function: those that have two words.
texts_in <- function(x) {
  if (is.character(x)) return(unique(grep("[a-z]{2,} [a-z]", x, value = TRUE)))
  if (is.function(x)) return(unique(c(texts_in(as.list(formals(x))), texts_in(body(x)))))
  if (is.call(x) || is.list(x)) unlist(lapply(as.list(x), function(part) if (!missing(part)) texts_in(part)))
}

code_lines <- function() {
  namespace <- asNamespace("memshare")
  names <- Filter(function(name) is.function(namespace[[name]]), ls(namespace, all.names = TRUE))
  unlist(lapply(sort(names, method = "radix"), function(name) {
    texts <- texts_in(namespace[[name]])
    if (length(texts)) paste0(name, ": ", gsub("\n", "\\n", texts, fixed = TRUE))
  }))
}

test_that("all that users read is as it stands in fixtures/messages.txt", {
  skip_on_covr()
  assign("messages_big", rnorm(2e5), globalenv())
  # Another one that does not travel: each is told with its own size.
  assign("messages_less", numeric(2e4), globalenv())
  registerVariables("messages", list(there = 1))
  memAllocate("messages", "filled", "double", c(2, 2))
  on.exit({
    rm("messages_big", "messages_less", envir = globalenv())
    memshare_gc("messages")
  })
  lines <- c("# Conditions", "", conditions_lines(), "# Prints", "", print_lines_of(), "# Texts of the R code, by function", "", code_lines())
  file <- test_path("fixtures", "messages.txt")
  if (nzchar(Sys.getenv("MEMSHARE_BLESS"))) writeLines(enc2utf8(lines), file, useBytes = TRUE)
  expect_identical(lines, readLines(file, encoding = "UTF-8"), info = "MEMSHARE_BLESS=1 writes it anew")
  expect_false(any(grepl("^    NO", lines)))
})

test_that("no kind of error is missing above", {
  page <- paste(utils::capture.output(tools::Rd2txt(tools::Rd_db("memshare")[["memshare-conditions.Rd"]], options = list(underline_titles = FALSE))), collapse = " ")
  kinds <- unique(regmatches(page, gregexpr("(?<=memshare_)error_[a-z_]+", page, perl = TRUE))[[1L]])
  expect_gt(length(kinds), 30L)
  expect_setequal(kinds, c(grep("^error", names(provoked), value = TRUE), names(elsewhere)))
  here <- elsewhere[file.exists(elsewhere)]
  expect_gt(length(here), 6L)
  for (kind in names(here)) expect_match(readLines(here[[kind]]), paste0("memshare_", kind, "\\b"), all = FALSE, info = kind)
})
