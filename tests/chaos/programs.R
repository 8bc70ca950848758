# The steps of chaos programs: calls of every verb that runs something, drawn from R's random numbers. A step is a list of
#   what      its words in a report
#   traits    "touch": FUN meets `touch`; "own": on the session's own workers; "cluster"; "births": workers are started for it; "handle":
#             something can be done while it runs; "results": its results take room
#   n         how many elements FUN is called with
#   expected  what base R gives; or expected_error, the class of its own error
#   call      a function of `hooks`: touch(i), to be called by FUN with the element's number; retries; between(run)
# What `call` gives must be identical to `expected`, whatever happens to processes meanwhile.

one_of <- function(x) x[[sample.int(length(x), 1L)]]

# Pure results of all sizes.
result_of <- function(size, i) {
  switch(size,
    one = i * 2,
    short = i + seq_len(50) / 7,
    long = rep(i + 0.25, 3e4),
    big = rep(i + 0.5, 2e5),
    text = c(paste0("e", i, letters), NA),
    nested = list(a = i, b = list(c = letters[seq_len(i %% 26 + 1)], d = NULL), e = data.frame(p = i, q = "x")),
    nothing = NULL
  )
}
sizes <- c("one", "short", "long", "big", "text", "nested", "nothing")

# Seconds of work.
spin <- function(seconds) {
  end <- proc.time()[["elapsed"]] + seconds
  while (proc.time()[["elapsed"]] < end) NULL
}

# How a step is run: workers, chunks, schedule, and how long an element takes, so that all takes some tenths of a second.
drawn_way <- function(n) {
  list(cores = sample(1:3, 1L), chunk = one_of(list(NULL, NULL, 1, 7)), seconds = runif(1, 0.05, 0.6) / n)
}
control_of <- function(way, hooks, ...) memControl(chunk = way$chunk, retries = hooks$retries, ...)

step <- function(what, traits, n, way, expected, call, expected_error = NULL) {
  what <- sprintf("%s, %d elements, %d workers, chunk %s, %.2g s an element", what, n, way$cores, format(way$chunk), way$seconds)
  list(what = what, traits = traits, n = n, expected = expected, expected_error = expected_error, call = call)
}

# memLapply() with results of one size. `more`: what memControl() gets besides.
list_step <- function(what = "memLapply", traits = c("touch", "own"), more = list(), cluster = NULL, size = one_of(sizes)) {
  n <- if (size == "big") sample(4:12, 1L) else sample(2:60, 1L)
  way <- drawn_way(n)
  if (size %in% c("long", "big")) traits <- c(traits, "results")
  step(paste(what, "of", size, "results"), traits, n, way, lapply(seq_len(n), result_of, size = size), function(hooks) {
    touch <- hooks$touch
    seconds <- way$seconds
    control <- do.call(control_of, c(list(way, hooks), more))
    memLapply(seq_len(n), function(i) {
      touch(i)
      spin(seconds)
      result_of(size, i)
    }, MAX.CORES = if (is.null(cluster)) way$cores, CLUSTER = cluster, CONTROL = control)
  })
}

# memApply() over a matrix, given or registered, whose first row or column numbers the elements.
apply_step <- function(margin, registered) {
  n <- sample(10:80, 1L)
  x <- matrix(rnorm(n * 500), n)
  x[, 1] <- seq_len(n)
  if (margin == 2) x <- t(x)
  way <- drawn_way(n)
  w <- rnorm(500)
  call <- function(hooks) {
    touch <- hooks$touch
    seconds <- way$seconds
    fun <- function(v, w) {
      touch(v[[1]])
      spin(seconds)
      sum(v * w)
    }
    if (registered) {
      registerVariables("chaos", list(x = x, w = w))
      on.exit(memshare_gc("chaos"))
      memApply("x", margin, fun, NAMESPACE = "chaos", VARS = "w", MAX.CORES = way$cores, CONTROL = control_of(way, hooks, simplify = TRUE))
    } else {
      memApply(x, margin, fun, VARS = list(w = w), MAX.CORES = way$cores, CONTROL = control_of(way, hooks, simplify = TRUE))
    }
  }
  what <- sprintf("memApply by %s of a %s matrix", if (margin == 1) "rows" else "columns", if (registered) "registered" else "given")
  step(what, c("touch", "own"), n, way, apply(x, margin, function(v) sum(v * w)), call)
}

mapply_step <- function() {
  n <- sample(4:60, 1L)
  texts <- as.list(paste("text", seq_len(n)))
  way <- drawn_way(n)
  expected <- mapply(function(i, text) paste(i, text), seq_len(n), texts, SIMPLIFY = FALSE)
  step("memMapply", c("touch", "own"), n, way, expected, function(hooks) {
    touch <- hooks$touch
    seconds <- way$seconds
    fun <- function(i, text) {
      touch(i)
      spin(seconds)
      paste(i, text)
    }
    memMapply(fun, seq_len(n), texts, MAX.CORES = way$cores, CONTROL = control_of(way, hooks))
  })
}

reduce_step <- function() {
  n <- sample(5:400, 1L)
  x <- as.list(rnorm(n))
  way <- drawn_way(n)
  step("memReduce", "own", n, way, tree(x, `+`), function(hooks) {
    seconds <- way$seconds
    memReduce(x, function(a, b) {
      spin(seconds)
      a + b
    }, MAX.CORES = way$cores, CONTROL = control_of(way, hooks))
  })
}

# Random numbers by element do not depend on who draws them: an undisturbed call says what they are.
seeded_step <- function() {
  n <- sample(5:60, 1L)
  way <- drawn_way(n)
  seed <- sample.int(1e6, 1L)
  draws <- function(touch, seconds, cores, control) {
    memLapply(seq_len(n), function(i) {
      touch(i)
      spin(seconds)
      rnorm(3)
    }, MAX.CORES = cores, CONTROL = control)
  }
  expected <- draws(function(i) NULL, 0, 1, memControl(seed = seed))
  step("memLapply with a seed", c("touch", "own"), n, way, expected, function(hooks) {
    draws(hooks$touch, way$seconds, way$cores, control_of(way, hooks, seed = seed))
  })
}

# FUN fails at one element: with "stop" that is the call's end, with "collect" the element's value.
failing_step <- function(on_error) {
  n <- sample(3:60, 1L)
  bad <- sample.int(n, 1L)
  way <- drawn_way(n)
  expected <- lapply(seq_len(n), function(i) if (i == bad) "failed" else i)
  call <- function(hooks) {
    seconds <- way$seconds
    value <- suppressWarnings(memLapply(seq_len(n), function(i) {
      spin(seconds)
      if (i == bad) stop("mine") else i
    }, MAX.CORES = way$cores, CONTROL = control_of(way, hooks, on_error = on_error)))
    lapply(value, function(one) if (inherits(one, "memshare_error_element")) "failed" else one)
  }
  error <- if (on_error == "stop") "memshare_error_element"
  step(sprintf("memLapply that fails, on_error = \"%s\"", on_error), "own", n, way, expected, call, expected_error = error)
}

# Data that is copied in while the first elements are worked on.
copied_step <- function() {
  n <- sample(20:40, 1L)
  data <- lapply(seq_len(n), function(i) c(i, rep(i / 3, 4e5)))
  way <- drawn_way(n)
  step("memLapply over data that is copied in", c("touch", "own"), n, way, lapply(data, sum), function(hooks) {
    touch <- hooks$touch
    memLapply(data, function(v) {
      touch(v[[1]])
      sum(v)
    }, MAX.CORES = way$cores, CONTROL = control_of(way, hooks))
  })
}

# A file that is mapped, and a variable that is written into between two calls.
written_step <- function() {
  n <- sample(5:40, 1L)
  way <- drawn_way(n)
  x <- matrix(as.double(seq_len(n * 100)), 100)
  x[1, ] <- seq_len(n)
  file <- tempfile()
  step("memApply over a mapped file and a written variable", c("touch", "own"), n, way, colSums(x) + 7, function(hooks) {
    touch <- hooks$touch
    seconds <- way$seconds
    writeBin(as.vector(x), file)
    on.exit({
      memshare_gc("written")
      unlink(file)
    })
    memMap("written", "x", file, "double", c(100, n))
    memAllocate("written", "y", "double", n)
    memWrite("written", "y", 7, seq_len(n))
    fun <- function(v, y) {
      touch(v[[1]])
      spin(seconds)
      sum(v) + y[[v[[1]]]]
    }
    memApply("x", 2, fun, NAMESPACE = "written", VARS = "y", MAX.CORES = way$cores, CONTROL = control_of(way, hooks, FUN.VALUE = 0))
  })
}

# Results of one call, big enough to be views, are the next one's data.
views_step <- function() {
  n <- sample(4:10, 1L)
  way <- drawn_way(n)
  step("memLapply over views", c("touch", "own", "results"), n, way, lapply(seq_len(n), function(i) (i + 0.5) * 2e5), function(hooks) {
    touch <- hooks$touch
    seconds <- way$seconds
    views <- memLapply(seq_len(n), function(i) result_of("big", i), MAX.CORES = way$cores)
    memLapply(views, function(v) {
      touch(v[[1]] - 0.5)
      spin(seconds)
      sum(v)
    }, MAX.CORES = way$cores, CONTROL = control_of(way, hooks))
  })
}

# Runs that are given up, and that take too long: their own errors.
given_up_step <- function(how) {
  way <- drawn_way(40)
  call <- function(hooks) {
    seconds <- 0.1
    if (how == "timeout") {
      memLapply(1:40, function(i) spin(seconds), MAX.CORES = 2, CONTROL = control_of(way, hooks, timeout = 0.5))
    } else {
      run <- memRun(memLapply(1:40, function(i) spin(seconds), CONTROL = control_of(way, hooks, lazy = TRUE)), wait = FALSE, MAX.CORES = 2)
      Sys.sleep(0.1)
      cancel(run)
      collect(run)
    }
  }
  step(paste("a run that ends by", how), "own", 40, way, NULL, call, paste0("memshare_error_", how))
}

# New workers, by themselves or with a new state of the session.
fresh_step <- function() list_step("memLapply by fresh workers", c("touch", "own", "births"), list(fresh = TRUE))

changed_step <- function() {
  made <- list_step("memLapply in a changed session", c("touch", "own", "births"))
  call <- made$call
  made$call <- function(hooks) {
    name <- paste0("Chaos", sample.int(1e6, 1L))
    methods::setClass(name, methods::representation(x = "numeric"), where = globalenv())
    on.exit(methods::removeClass(name, where = globalenv()))
    call(hooks)
  }
  made
}

# What steps are drawn from. `cluster`: two nodes.
step_makers <- function(cluster) {
  list(
    list_step, list_step, function() apply_step(1, FALSE), function() apply_step(2, FALSE), function() apply_step(sample(1:2, 1L), TRUE),
    mapply_step, reduce_step, seeded_step, function() failing_step("stop"), function() failing_step("collect"), copied_step, written_step,
    views_step, fresh_step, changed_step, function() given_up_step("timeout"), function() given_up_step("cancelled"),
    function() chain_step("memRun twice", character(), run_twice),
    function() chain_step("memRun(wait = FALSE)", "handle", run_behind),
    function() chain_step("memRun(wait = FALSE) of two", "handle", run_both),
    function() list_step("memLapply of big results", size = "big"),
    if (!is.null(cluster)) function() list_step("memLapply(CLUSTER = )", c("touch", "cluster"), cluster = cluster)
  )
}

# A step that has a trait; any step has "any".
drawn_step <- function(trait, cluster) {
  makers <- Filter(Negate(is.null), step_makers(cluster))
  repeat {
    made <- one_of(makers)()
    if (trait == "any" || trait %in% made$traits) return(made)
  }
}
