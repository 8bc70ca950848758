# A net of passes on real data, as one plan: which genes differ between patients in any of three ways? Expression is centred, genes
# that hardly vary are left out, each of the others is compared by cell type, sex and the fusion BCR/ABL with a moderated t (the variance is drawn to
# the median variance of the genes that were kept), the three p-values become one, and the best genes a table. 12,625 probes measured on 128
# patients (Chiaretti and others, Blood 2004; Debian package r-bioc-all). Run it with: Rscript examples/phenotypes.R
library(memshare)

if (!requireNamespace("ALL", quietly = TRUE) || !requireNamespace("Biobase", quietly = TRUE)) {
  stop("This example needs the ALL data: apt-get install r-bioc-all (Debian, Ubuntu), or BiocManager::install(\"ALL\")")
}
data("ALL", package = "ALL", envir = environment())
expression <- Biobase::exprs(ALL)
patients <- Biobase::pData(ALL)
phenotypes <- list(
  cell = substr(as.character(patients$BT), 1, 1) == "B", sex = patients$sex == "M",
  fusion = ifelse(patients$mol.biol %in% c("BCR/ABL", "NEG"), patients$mol.biol == "BCR/ABL", NA)
)

centred <- function(v) v - median(v)
varies <- function(v) IQR(v) > 0.6
compare <- function(v, group, prior) {
  a <- v[which(group)]
  b <- v[which(!group)]
  n <- c(length(a), length(b)) - 1
  variance <- (sum(n * c(var(a), var(b))) + 4 * prior) / (sum(n) + 4)
  t <- (mean(a) - mean(b)) / sqrt(variance * sum(1 / (n + 1)))
  c(t = t, p = 2 * pt(-abs(t), sum(n) + 4))
}
# Fisher's method.
joined <- function(cell, sex, fusion) {
  p <- c(cell[["p"]], sex[["p"]], fusion[["p"]])
  c(cell = cell[["t"]], sex = sex[["t"]], fusion = fusion[["t"]], p = pchisq(-2 * sum(log(p)), 6, lower.tail = FALSE))
}
top_table <- function(scores, n) {
  table <- as.data.frame(do.call(rbind, scores))
  table$adjusted <- p.adjust(table$p, "BH")
  head(table[order(table$p), ], n)
}

# The plan.
lazy <- memControl(lazy = TRUE)
number <- memControl(lazy = TRUE, FUN.VALUE = 0)
centre <- memApply(expression, 1, centred, CONTROL = lazy)
kept <- memFilter(centre, varies, CONTROL = lazy)
variances <- memLapply(kept, var, CONTROL = number)
prior <- memDo(median, variances)
compared <- function(group) memLapply(kept, compare, VARS = list(group = group, prior = prior), CONTROL = lazy)
cell <- compared(phenotypes$cell)
sex <- compared(phenotypes$sex)
fusion <- compared(phenotypes$fusion)
scores <- memMapply(joined, cell = cell, sex = sex, fusion = fusion, CONTROL = lazy)
top <- memDo(top_table, scores, 10)
plan <- memPlan(top, prior)
print(summary(plan))
invisible(memLapply(1:2, identity))
together <- system.time(shared <- memRun(plan))[["elapsed"]]
print(memLastRun())

# The same in base R.
alone <- system.time({
  base_kept <- Filter(varies, apply(expression, 1, centred, simplify = FALSE))
  base_prior <- median(vapply(base_kept, var, 0))
  base_by <- lapply(phenotypes, function(group) lapply(base_kept, compare, group, base_prior))
  base_top <- top_table(mapply(joined, cell = base_by$cell, sex = base_by$sex, fusion = base_by$fusion, SIMPLIFY = FALSE), 10)
})[["elapsed"]]

cat(sprintf("\nThe ten genes of %d that differ most, of %d that vary\n", nrow(expression), length(base_kept)))
print(shared$top, digits = 3)
same <- identical(shared, list(top = base_top, prior = base_prior))
cat(sprintf("\nsame values as base R: %s; base R %.2f s, one plan %.2f s\n", same, alone, together))
if (!same) quit("no", status = 1)
