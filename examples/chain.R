# A chain of passes on real data: normalise, filter, score, reduce. Which gene tells B-cell from T-cell leukaemia best, and would
# chance find one as good? The data is that of examples/leukaemia.R. Every value is checked against base R, so this file is a test
# too. Run it with: Rscript examples/chain.R
library(memshare)

if (!requireNamespace("ALL", quietly = TRUE) || !requireNamespace("Biobase", quietly = TRUE)) {
  stop("This example needs the ALL data: apt-get install r-bioc-all (Debian, Ubuntu), or BiocManager::install(\"ALL\")")
}
data("ALL", package = "ALL", envir = environment())
expression <- Biobase::exprs(ALL)
type <- substr(as.character(ALL$BT), 1, 1)
genes <- rownames(expression)

# A patient's values on a common scale. The genes' names need not travel with each patient: FUN.VALUE below has them.
normalise <- function(v) unname((v - median(v)) / mad(v))
# The spread that half of the genes have.
middle <- function(i, spread) median(spread)
# A gene's score, Welch's t between the two types; none for a gene that hardly varies.
score <- function(v, spread, gene, limit, type) {
  if (spread < limit) return(list(gene = gene, t = 0))
  b <- v[type == "B"]
  t <- v[type == "T"]
  list(gene = gene, t = (mean(b) - mean(t)) / sqrt(var(b) / length(b) + var(t) / length(t)))
}
better <- function(a, b) if (abs(b$t) > abs(a$t)) b else a

# Five passes, written like five calls; nothing runs yet. FUN.VALUE with names makes `normal` a matrix whose rows can be walked.
lazy <- memControl(lazy = TRUE)
typed <- function(value) memControl(FUN.VALUE = value, lazy = TRUE)
normal <- memApply(expression, 2, normalise, CONTROL = typed(setNames(numeric(length(genes)), genes)))
spread <- memApply(normal, 1, IQR, CONTROL = typed(0))
limit <- memLapply(1, middle, VARS = list(spread = spread), CONTROL = typed(0))
scores <- memMapply(score, normal, spread, genes, MARGIN = 1, VARS = list(limit = limit, type = type), CONTROL = lazy)
best <- memReduce(scores, better)
print(best)

# What will happen, before it does.
plan <- memPlan(best, spread, limit)
print(summary(plan))

chained <- memRun(plan)
print(memLastRun())
print(plan)

# The same with base R, call by call.
base_normal <- apply(expression, 2, normalise)
rownames(base_normal) <- genes
base_spread <- apply(base_normal, 1, IQR)
base_limit <- median(base_spread)
base_best <- function(type) {
  scored <- lapply(seq_along(genes), function(i) score(base_normal[i, ], base_spread[[i]], genes[[i]], base_limit, type))
  Reduce(better, scored)
}
found <- base_best(type)
cat(sprintf("\nbest of %d genes: %s, t = %.1f (base R: %s, %.1f)\n", length(genes), chained$best$gene, chained$best$t, found$gene, found$t))

# Would chance find one as good? The plan runs again with other labels: only they are copied.
set.seed(1)
shuffled <- lapply(1:3, function(i) sample(type))
chance <- vapply(shuffled, function(type) memRun(plan, VARS = list(type = type))$best$t, 0)
cat(sprintf("best |t| with shuffled types: %s\n", paste(sprintf("%.1f", abs(chance)), collapse = ", ")))

same <- c(
  best = identical(chained$best, found), spread = identical(chained$spread, base_spread),
  limit = identical(chained$limit, base_limit), shuffled = identical(chance[[1]], base_best(shuffled[[1]])$t)
)
cat(sprintf("same values as base R: %s\n", paste(names(same), same, collapse = ", ")))
if (!all(same)) quit("no", status = 1)
