# What another user of the machine can reach of a session: nothing. Their part is done by the user 65534 where these tests run as root.

as_other <- function(command, ...) {
  suppressWarnings(system2("setpriv", c("--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", shQuote(command), ...), stdout = TRUE, stderr = TRUE))
}
# The output of a new R process of the other user that runs this code.
r_as_other <- function(code) {
  copy <- tempfile("other", "/tmp", ".R")
  on.exit(unlink(copy))
  file.copy(script(code), copy)
  Sys.chmod(copy, "0644", use_umask = FALSE)
  as_other(sprintf("cd /; TMPDIR=/tmp %s --vanilla %s", shQuote(rscript()), copy))
}
skip_unless_root <- function() {
  uid <- suppressWarnings(system2("id", "-u", stdout = TRUE))
  skip_if_not(identical(uid, "0"), "needs root, to be another user too")
  skip_if_not(identical(as_other("id -u"), "65534"), "needs setpriv")
}
# The other user's outcome for each of these files: "none" where it can neither be read nor written to nor listed.
reached <- function(files) {
  script <- 'for f in "$@"; do r=none; if [ -d "$f" ]; then ls "$f" > /dev/null 2>&1 && r=list; else head -c 1 "$f" > /dev/null 2>&1 && r=read; { true >> "$f"; } 2> /dev/null && r=write; fi; echo "$r $f"; done'
  as_other(script, "sh", vapply(files, shQuote, ""))
}
expect_unreachable <- function(files, label) {
  expect_gt(length(files), 0L)
  expect_identical(reached(files), paste("none", files), label = label)
}

test_that("segments, logs, sockets, temporary and saved files are closed to another user", {
  skip_unless_root()
  # A directory that all may write to, as /tmp.
  dir.create(directory <- tempfile("other", "/tmp"))
  Sys.chmod(directory, "1777", use_umask = FALSE)
  umask <- Sys.umask("0")
  cluster <- parallel::makePSOCKcluster(1L)
  old <- options(memshare.dir = directory, memshare.log = "debug", memshare.profiles = file.path(directory, "profiles"))
  on.exit({ parallel::stopCluster(cluster); options(old); Sys.umask(umask); unlink(directory, recursive = TRUE) })
  local_variables("other", list(x = runif(1e5)))
  record <- file.path(directory, "run.memshare")
  profile <- file.path(directory, "f.profile")
  page <- file.path(directory, "run.html")
  seen <- memLapply(1:2, function(i, x) {
    Sys.sleep(0.6)
    named <- grep("memshare", c(list.files("/dev/shm", full.names = TRUE), list.files(dirname(Sys.getenv("TMPDIR")), full.names = TRUE, recursive = TRUE)), value = TRUE)
    list(named = named, open = Sys.readlink(list.files("/proc/self/fd", full.names = TRUE)), pid = Sys.getpid(), tmp = tempdir())
  }, NAMESPACE = "other", VARS = "x", MAX.CORES = 2)
  memSave(memLastRun(), record)
  memSaveProfile(memProfile(), profile)
  memView(memLastRun(), page, open = FALSE)
  invisible(memLapply(1:2, function(i) i, CLUSTER = cluster))
  workers <- unlist(lapply(seen, `[[`, "tmp"))
  private <- c(record, profile, page, file.path(directory, "profiles"), file.path(tempdir(), "memshare"), workers)
  shared <- c(list.files("/dev/shm", "^memshare-", full.names = TRUE), list.files(directory, "^memshare-", full.names = TRUE))
  inside <- list.files(file.path(tempdir(), "memshare"), full.names = TRUE)
  files <- inside[!grepl("join", basename(inside))]
  expect_unreachable(private, "private files")
  expect_unreachable(shared, "segments")
  expect_unreachable(inside, "logs and sockets")
  expect_unreachable(sprintf("/proc/%d/fd", c(Sys.getpid(), vapply(seen, `[[`, 1L, "pid"))), "descriptors")
  # Modes say so too, for whoever copies them elsewhere.
  expect_true(all(bitwAnd(as.integer(file.mode(c(record, profile, page, shared, files, file.path(tempdir(), "memshare")))), 63L) == 0L))
  # A socket without a place in the file system would be open to all.
  sockets <- readLines("/proc/net/unix")
  expect_false(any(grepl("@.*memshare", sockets)))
})

test_that("what another user puts under our names is an error, is not followed, and costs nothing else", {
  skip_unless_root()
  registerVariables("planted", list(x = 1:10))
  name <- setdiff(list.files("/dev/shm", "^memshare-v"), character())
  held <- vapply(name, function(file) grepl("planted", rawToChar(readBin(file.path("/dev/shm", file), "raw", 200)[113:150])), NA)
  file <- file.path("/dev/shm", name[held])
  expect_length(file, 1L)
  bytes <- readBin(file, "raw", file.size(file))
  releaseVariables("planted", "x")
  mine <- tempfile("secret", "/tmp")
  writeLines("as it was", mine)
  copy <- tempfile("copy", "/tmp")
  writeBin(bytes, copy)
  Sys.chmod(copy, "0644", use_umask = FALSE)
  on.exit(unlink(c(file, mine, copy), recursive = TRUE))
  plant <- c(
    copy = sprintf("cp %s %s", copy, file), closed = sprintf("cp %s %s && chmod 600 %s", copy, file, file), fifo = sprintf("mkfifo -m 666 %s", file),
    directory = sprintf("mkdir %s", file), link = sprintf("ln -s %s %s", mine, file), nowhere = sprintf("ln -s /no/such/file %s", file)
  )
  for (how in names(plant)) {
    expect_identical(as_other(plant[[how]]), character(), info = how)
    took <- system.time({
      expect_error(retrieveViews("planted", "x"), class = "memshare_error_damaged", info = how)
      expect_error(registerVariables("planted", list(x = 2)), class = "memshare_error", info = how)
      expect_error(memLapply(1, function(i, x) x, NAMESPACE = "planted", VARS = "x"), class = "memshare_error_damaged", info = how)
    })
    expect_lt(took[["elapsed"]], 30)
    # Other names are not touched by it.
    registerVariables("planted", list(y = how))
    expect_identical(memLapply(1, function(i, y) y, NAMESPACE = "planted", VARS = "y"), list(how))
    releaseVariables("planted", "y")
    invisible(utils::capture.output(print(memTop())))
    memshare_gc("planted")
    expect_true(file.exists(file) || nzchar(Sys.readlink(file)), info = how)
    as_other(sprintf("rm -rf %s", file))
  }
  expect_identical(readLines(mine), "as it was")
})

test_that("two users have variables of one name each, and no session takes the other's segments away", {
  skip_unless_root()
  # As in R CMD check, whose libraries lie in its temporary directory.
  skip_if_not(identical(r_as_other("cat('yes')"), "yes"), "the other user cannot read this library")
  local_variables("both", list(x = "mine"))
  out <- r_as_other('
    e <- tryCatch(retrieveViews("both", "x"), error = function(e) class(e)[[1]])
    registerVariables("both", list(x = "theirs"))
    cat(identical(e, "memshare_error_not_allocated"), identical(memLapply(1, function(i, x) x, NAMESPACE = "both", VARS = "x"), list("theirs")),
      identical(pageList(), "both.x"), "\\n")
    invisible(memshare_gc("both"))
  ')
  expect_match(utils::tail(out, 1L), "TRUE TRUE TRUE", info = paste(out, collapse = "\n"))
  expect_identical(retrieveViews("both", "x")[[1L]], "mine")
})
