# The rows of docs/benchmarks.md. Each has `make`, what is there before anything is timed; `sides`, what is timed, in turn, or NULL for times that are
# told: in `fixed`, or by the code in `inside`; and `bars`: for each way of ours how it is named among the sides, times which of the others it must
# stay below. `before` is what is done before a side each time, and not timed, `after` what is done at the end; `scale` how often a side's code does the
# work, unless that takes long, `rounds` how often it is timed, `divide` by what a side's time is divided, `options` what is set meanwhile,
# `unit` what is told instead of seconds. A side that is called "limit" does what this machine allows (limit.R): it stands in for the bar of a way of ours
# that is `limited` and not met. `peer(name)` tells whether a package is installed.
peer <- function(package) requireNamespace(package, quietly = TRUE)
if_peer <- function(package, code) if (peer(package)) code
# A side for each installed peer that applies a function to the items of a list; foreach is given a part of them for each worker, as its users have to.
by_peers <- function(items, fun) {
  list(
    "future_lapply" = if_peer("future.apply", bquote(future.apply::future_lapply(.(items), .(fun)))),
    "bplapply" = if_peer("BiocParallel", bquote(BiocParallel::bplapply(.(items), .(fun), BPPARAM = multicore))),
    "foreach" = if_peer("doParallel", bquote(foreach::`%dopar%`(
      foreach::foreach(part = parallel::splitIndices(length(.(items)), 2), .combine = c), lapply(.(items)[part], .(fun))
    )))
  )
}
bar <- function(of, than, most, limited = FALSE) list(of = of, than = than, most = most, limited = limited)

# Spins for so many milliseconds, whoever else uses the processor.
spin <- function(ms) {
  until <- Sys.time() + ms / 1000
  while (Sys.time() < until) NULL
  ms
}
skewed <- function(costs) {
  list(
    make = bquote({ costs <- as.list(.(costs)); limit <- limit_of_items(costs, spin) }),
    sides = c(list(
      "limit" = quote(limit()),
      # What they really take, on as many workers as there are.
      "lower bound" = quote(for (part in 1:2) lapply(costs[seq(part, length(costs), 2)], spin)),
      "mclapply" = quote(parallel::mclapply(costs, spin, mc.cores = 2)),
      "memLapply" = quote(memLapply(costs, spin, MAX.CORES = 2))
    ), by_peers(quote(costs), quote(spin))),
    after = quote(end(limit)), divide = list("lower bound" = 2), bars = list(bar("memLapply", "lower bound", 1.03, TRUE)), rounds = 3L
  )
}
small_elements <- function(n, rounds, peers = NULL) {
  list(
    work = sprintf("%s elements of el + 1", format(n, big.mark = ",", scientific = FALSE)),
    make = bquote({ values <- runif(.(n)); L <- as.list(values); limit <- limit_of_items(L, function(el) el + 1) }),
    sides = c(list(
      # The session makes a list of single values.
      "limit" = quote({ limit(); as.list(values) }),
      "lapply" = quote(lapply(L, function(el) el + 1)),
      "mclapply" = quote(parallel::mclapply(L, function(el) el + 1, mc.cores = 2)),
      "memLapply" = quote(memLapply(L, function(el) el + 1, MAX.CORES = 2))
    ), peers),
    after = quote(end(limit)), bars = list(bar("memLapply", "lapply", 0.8, TRUE)), rounds = rounds
  )
}

# A t statistic moderated as by an empirical prior (Smyth 2004, doi:10.2202/1544-6115.1027), for groups that are told by labels: the spread of
# each gene first, then the prior of all, then the statistic.
moderated <- list(
  spread = function(v, labels) {
    a <- v[labels]
    b <- v[!labels]
    c(mean(a) - mean(b), (sum((a - mean(a))^2) + sum((b - mean(b))^2)) / (length(v) - 2))
  },
  prior = function(spreads) {
    z <- log(spreads)
    list(d0 = 2 / max(var(z) - 2 / 22, 1e-3), s0 = exp(mean(z)))
  },
  statistic = function(s, prior) s[[1L]] / sqrt((prior$d0 * prior$s0 + 22 * s[[2L]]) / (prior$d0 + 22) / 6)
)

rows <- list(
  A = list(
    work = "`cor` of 2,000 columns of 10,000 with y",
    make = quote({
      X <- matrix(rnorm(2e7), 10000); y <- rnorm(10000); registerVariables(space, list(X = X, y = y))
      if (peer("bigmemory")) shared <- bigmemory::as.big.matrix(X)
    }),
    sides = list(
      "plain loop" = quote(for (j in seq_len(ncol(X))) cor(X[, j], y)),
      "apply" = quote(apply(X, 2, cor, y)),
      "mclapply" = quote(parallel::mclapply(seq_len(ncol(X)), function(j) cor(X[, j], y), mc.cores = 2)),
      "parApply" = quote(parallel::parApply(cluster, X, 2, cor, y)),
      "future_apply" = if_peer("future.apply", quote(future.apply::future_apply(X, 2, cor, y))),
      "bplapply" = if_peer("BiocParallel", quote(BiocParallel::bplapply(seq_len(ncol(X)), function(j) cor(X[, j], y), BPPARAM = multicore))),
      "foreach" = if_peer("doParallel", quote(foreach::`%dopar%`(foreach::foreach(k = 1:2), for (j in seq(k, ncol(X), 2)) cor(X[, j], y)))),
      "bigmemory" = if_peer("bigmemory", quote(parallel::mclapply(seq_len(ncol(X)), function(j) cor(shared[, j], y), mc.cores = 2))),
      "registered" = quote(memApply("X", 2, function(v, y) cor(v, y), NAMESPACE = space, VARS = "y", MAX.CORES = 2)),
      "unregistered" = quote(memApply(X, 2, function(v, y) cor(v, y), VARS = list(y = y), MAX.CORES = 2))
    ),
    bars = list(bar("registered", "plain loop", 0.5), bar("unregistered", "mclapply", 0.75))
  ),
  B = list(
    work = "1,000 matrices 200 x 200 `%*% w`",
    make = quote({
      L <- replicate(1000, matrix(runif(40000), 200), simplify = FALSE); w <- runif(200); registerVariables(space, list(L = L, w = w))
      limit <- limit_of_items(L, function(el) el %*% w)
    }),
    sides = c(list(
      "limit" = quote(limit()),
      "lapply" = quote(lapply(L, function(el) el %*% w)),
      "mclapply" = quote(parallel::mclapply(L, function(el) el %*% w, mc.cores = 2)),
      "registered" = quote(memLapply("L", function(el, w) el %*% w, NAMESPACE = space, VARS = "w", MAX.CORES = 2)),
      "unregistered" = quote(memLapply(L, function(el, w) el %*% w, VARS = list(w = w), MAX.CORES = 2))
    ), by_peers(quote(L), quote(function(el) el %*% w))),
    after = quote(end(limit)),
    bars = list(bar("registered", "lapply", 0.6, TRUE), bar("unregistered", "mclapply", 1.5))
  ),
  C = small_elements(1e5, 7L, by_peers(quote(L), quote(function(el) el + 1))), C6 = small_elements(1e6, 3L), C7 = small_elements(1e7, 1L),
  D = c(list(work = "1,000 elements, 10 of 20 ms first, 990 of 0.2 ms"), skewed(quote(c(rep(20, 10), rep(0.2, 990))))),
  D2 = c(list(work = "the same, the long ones last"), skewed(quote(c(rep(0.2, 990), rep(20, 10))))),
  E = list(
    work = "200 results of 100,000 doubles",
    make = quote(limit <- limit_of_results(200, function(i) rep(i + 0.5, 1e5))),
    sides = c(list(
      "limit" = quote(limit()),
      "lapply" = quote(lapply(1:200, function(i) rep(i + 0.5, 1e5))),
      "mclapply" = quote(parallel::mclapply(1:200, function(i) rep(i + 0.5, 1e5), mc.cores = 2)),
      "parLapply" = quote(parallel::parLapply(cluster, 1:200, function(i) rep(i + 0.5, 1e5))),
      "memLapply" = quote(memLapply(1:200, function(i) rep(i + 0.5, 1e5), MAX.CORES = 2))
    ), by_peers(quote(1:200), quote(function(i) rep(i + 0.5, 1e5)))),
    after = quote({ end(limit); unlink(in_shared_memory(1:2)) }), bars = list(bar("memLapply", "lapply", 0.55, TRUE))
  ),
  F = list(
    work = "a call on two elements, warm",
    make = quote(plan <- memPlan(memLapply(1:2, function(el) el, CONTROL = memControl(lazy = TRUE)), MAX.CORES = 2)),
    sides = c(list(
      "0.4 ms" = NULL, "0.2 ms" = NULL,
      "parLapply" = quote(parallel::parLapply(cluster, 1:2, function(el) el)),
      "mclapply" = quote(parallel::mclapply(1:2, function(el) el, mc.cores = 2)),
      "memLapply" = quote(memLapply(1:2, function(el) el, MAX.CORES = 2)),
      "memRun of a plan" = quote(memRun(plan))
    ), by_peers(quote(1:2), quote(function(el) el))),
    fixed = list("0.4 ms" = 4e-4, "0.2 ms" = 2e-4), scale = 100,
    bars = list(bar("memLapply", "0.4 ms", 1), bar("memRun of a plan", "0.2 ms", 1))
  ),
  P = list(
    work = "10 permutations of a moderated t over 12,625 genes of 24 samples",
    make = quote({
      genes <- matrix(rnorm(12625 * 24), 12625)
      shuffled <- lapply(1:10, function(k) sample(rep(c(TRUE, FALSE), 12)))
      labels <- shuffled[[1L]]
      lazy <- function(...) memControl(lazy = TRUE, ...)
      spread <- memApply(genes, 1, moderated$spread, VARS = list(labels = labels), CONTROL = lazy(FUN.VALUE = c(0, 0)))
      prior <- memDo(function(spread) moderated$prior(spread[2L, ]), spread)
      t <- memApply(spread, 2, moderated$statistic, VARS = list(prior = prior), CONTROL = lazy(FUN.VALUE = 0))
      largest <- memDo(function(t) max(abs(t)), t)
      plan <- memPlan(largest, MAX.CORES = 2)
    }),
    sides = list(
      "serial" = quote(for (labels in shuffled) {
        s <- apply(genes, 1, moderated$spread, labels)
        p <- moderated$prior(s[2L, ])
        max(abs(apply(s, 2, moderated$statistic, p)))
      }),
      "eager calls" = quote(for (labels in shuffled) {
        s <- memApply(genes, 1, moderated$spread, VARS = list(labels = labels), MAX.CORES = 2, CONTROL = memControl(FUN.VALUE = c(0, 0)))
        p <- moderated$prior(s[2L, ])
        max(abs(memApply(s, 2, moderated$statistic, prior = p, MAX.CORES = 2, CONTROL = memControl(FUN.VALUE = 0))))
      }),
      "reruns of a plan" = quote(for (labels in shuffled) memRun(plan, VARS = list(labels = labels)))
    ),
    bars = list(bar("reruns of a plan", "eager calls", 1), bar("reruns of a plan", "serial", 0.55)), rounds = 3L
  ),
  G = list(
    work = "`sum` of each of 100,000 rows of 200",
    make = quote({ X <- matrix(runif(2e7), 100000); registerVariables(space, list(X = X)) }),
    sides = list(
      "apply" = quote(apply(X, 1, sum)),
      "mclapply" = quote(parallel::mclapply(seq_len(nrow(X)), function(i) sum(X[i, ]), mc.cores = 2)),
      "future_apply" = if_peer("future.apply", quote(future.apply::future_apply(X, 1, sum))),
      "registered" = quote(memApply("X", 1, sum, NAMESPACE = space, MAX.CORES = 2))
    ),
    bars = list(bar("registered", "apply", 0.2)), rounds = 3L
  ),
  G2 = list(
    work = "`sum` of each of 1,000,000 columns of 10",
    make = quote({ X <- matrix(runif(1e7), 10); registerVariables(space, list(X = X)) }),
    sides = list(
      "apply" = quote(apply(X, 2, sum)),
      "future_apply" = if_peer("future.apply", quote(future.apply::future_apply(X, 2, sum))),
      "registered" = quote(memApply("X", 2, sum, NAMESPACE = space, MAX.CORES = 2))
    ),
    bars = list(bar("registered", "apply", 0.2)), rounds = 3L
  ),
  H = list(
    work = "copying in 1.6 GB: into new memory, and into memory that was used before",
    make = quote({ X <- matrix(runif(2e8), 20000); copies <- native_copies() }),
    sides = list(
      # By one thread, as of a process that has its own copy: into a file that is there already.
      "limit" = quote(copies$put(X, in_shared_memory(1), 0)),
      "bigmemory" = if_peer("bigmemory", quote(shared <- bigmemory::as.big.matrix(X))),
      "memcpy" = quote(copies$copy(X)),
      "new" = quote(registerVariables(space, list(X = X))),
      "used" = quote(memApply(X, 2, function(v) 0, MAX.CORES = 2, CONTROL = memControl(FUN.VALUE = 0)))
    ),
    before = list(
      "bigmemory" = quote({ shared <- NULL; gc() }),
      # Both find memory that was just freed: what was free for a while, a virtual machine has to get from its host again.
      "memcpy" = quote({ shared <- NULL; gc(); memshare_gc(space); memshare_gc(); copies$copy(X) }),
      "new" = quote({ memshare_gc(space); memshare_gc(); copies$copy(X) }),
      "used" = quote({ memshare_gc(space); memApply(X, 2, function(v) 0, MAX.CORES = 2, CONTROL = memControl(FUN.VALUE = 0)) })
    ),
    after = quote(unlink(in_shared_memory(1))), options = list(memshare.cache = 2^32),
    bars = list(bar("new", "memcpy", 0.95), bar("used", "memcpy", 0.2, TRUE)), rounds = 3L
  ),
  I = list(
    work = "a view of a 1 GB variable",
    make = quote({
      registerVariables(space, list(X = matrix(1, 10000, 12500)))
      if (peer("bigmemory")) described <- bigmemory::describe(shared <- bigmemory::big.matrix(10000, 12500, init = 1))
    }),
    sides = list(
      "30 us" = NULL, "bigmemory" = if_peer("bigmemory", quote(bigmemory::attach.big.matrix(described))), "retrieveViews" = quote(retrieveViews(space, "X"))
    ),
    fixed = list("30 us" = 3e-5), scale = 1000, bars = list(bar("retrieveViews", "30 us", 1))
  ),
  J = list(
    work = "the first call of a session, package loaded",
    sides = list(
      "Rscript -e 0" = quote(system2(rscript, c("--vanilla", "-e", "0"), stdout = FALSE)),
      "first call" = NULL
    ),
    inside = list("first call" = quote(first_call())), bars = list(bar("first call", "Rscript -e 0", 1.3))
  ),
  K = list(
    work = "memory (PSS) for 1.6 GB and 8 workers that have read all of it",
    sides = list("1.02 x data + 12 MB a worker" = NULL, "mclapply" = NULL, "registered" = NULL),
    fixed = list("1.02 x data + 12 MB a worker" = 1.02 * 1600 + 12 * 8), unit = "MB",
    inside = list("mclapply" = quote(grown_by("mclapply")), "registered" = quote(grown_by("registered"))),
    bars = list(bar("registered", "1.02 x data + 12 MB a worker", 1))
  ),
  L = list(
    work = "`sd` of 10,000 columns of 10,000",
    make = quote({
      X <- matrix(rnorm(1e8), 10000); registerVariables(space, list(X = X))
      if (peer("bigmemory")) shared <- bigmemory::as.big.matrix(X)
    }),
    sides = list(
      "plain loop" = quote(for (j in seq_len(ncol(X))) sd(X[, j])),
      "mclapply" = quote(parallel::mclapply(seq_len(ncol(X)), function(j) sd(X[, j]), mc.cores = 2)),
      "bigmemory" = if_peer("bigmemory", quote(parallel::mclapply(seq_len(ncol(X)), function(j) sd(shared[, j]), mc.cores = 2))),
      "registered" = quote(memApply("X", 2, sd, NAMESPACE = space, MAX.CORES = 2))
    ),
    bars = list(bar("registered", "plain loop", 0.5)), rounds = 3L
  ),
  N = list(
    work = "100,000 elements of 50 us on 64 workers, and on 2",
    make = quote(brief <- function(i) spin(0.05)),
    sides = list(
      "2 workers" = quote(memLapply(1:100000, brief, MAX.CORES = 2)),
      "64 workers" = quote(memLapply(1:100000, brief, MAX.CORES = 64))
    ),
    bars = list(bar("64 workers", "2 workers", 1.1)), rounds = 3L
  ),
  S = list(
    work = "2,000,000 distinct strings into shared memory, and 1,000,000 results that are strings",
    make = quote({ words <- paste0("word ", seq_len(2e6)); some <- as.list(words[1:1e6]) }),
    sides = list(
      "serialize" = quote(serialize(words, NULL, xdr = FALSE)),
      "register" = quote({ registerVariables(space, list(words = words)); releaseVariables(space, "words") }),
      "lapply and serialize" = quote(unserialize(serialize(lapply(some, identity), NULL, xdr = FALSE))),
      "memLapply" = quote(memLapply(some, identity, MAX.CORES = 2))
    ),
    bars = list(bar("register", "serialize", 2), bar("memLapply", "lapply and serialize", 2)), rounds = 3L
  )
)
