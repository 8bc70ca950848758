# Mutual information: what users of memshare's C++ namesake call in FUN, right for discrete variables and in one unit.

#' Mutual information of two variables
#'
#' How much of one variable is known when the other is: \eqn{\sum p(x, y) \log_2 (p(x, y) / (p(x) p(y)))}, in **bits**, with the
#' observed frequencies for probabilities. It is 0 for variables whose frequencies are independent, and a variable's own entropy
#' when it is compared with itself.
#'
#' A continuous variable is cut into `bins` classes of equal frequency first. The value is then an estimate that depends on the
#' number of classes: compare it between variables of the same length only.
#'
#' @param x,y Vectors of the same length. A discrete one may be of any type, also text or a factor; a continuous one is numeric.
#' @param isXDiscrete,isYDiscrete Whether every value is a class of its own.
#' @param na.rm Whether pairs with a missing value are left out; otherwise one makes the result `NA`.
#' @param bins Classes of a continuous variable. The default, the cube root of the length, lets the expected count of a cell grow
#'   with the data.
#' @return One number, at least 0.
#' @references Cover, T. M. and Thomas, J. A. (2006) Elements of Information Theory, 2nd edition, section 2.3.
#' @examples
#' mutualinfo(c(0, 1, 0, 1), c("a", "b", "a", "b"), isXDiscrete = TRUE, isYDiscrete = TRUE)
#'
#' genes <- matrix(rnorm(2000), 10, dimnames = list(paste0("gene_", 1:10), NULL))
#' type <- rep(c("B", "T"), 100)
#' genes["gene_3", type == "T"] <- genes["gene_3", type == "T"] + 2
#' scores <- memApply(genes, 1, function(v, type) mutualinfo(v, type, isYDiscrete = TRUE), VARS = list(type = type), MAX.CORES = 1)
#' which.max(scores)
#' @export
mutualinfo <- function(x, y, isXDiscrete = FALSE, isYDiscrete = FALSE, na.rm = FALSE, bins = NULL) {
  call <- sys.call()
  check_given(c("x", "y"), call)
  if (length(x) != length(y)) {
    abort_input(sprintf("x and y must be of the same length, not %.0f and %.0f", length(x), length(y)), call)
  }
  missing <- is.na(x) | is.na(y)
  if (any(missing)) {
    if (!check_flag(na.rm, "na.rm", call)) return(NA_real_)
    x <- x[!missing]
    y <- y[!missing]
  }
  n <- length(x)
  if (n == 0) return(0)
  bins <- check_count(bins, "bins", 1, call)
  if (is.null(bins)) bins <- max(2, floor(n^(1 / 3)))
  x <- classes(x, check_flag(isXDiscrete, "isXDiscrete", call), bins, "x", call)
  y <- classes(y, check_flag(isYDiscrete, "isYDiscrete", call), bins, "y", call)
  joint <- tabulate(x + max(x) * (y - 1), max(x) * max(y)) / n
  independent <- as.vector(outer(tabulate(x) / n, tabulate(y) / n))
  seen <- joint > 0
  max(0, sum(joint[seen] * log2(joint[seen] / independent[seen])))
}

# The numbers of the classes that a variable's values are in.
classes <- function(values, discrete, bins, what, call) {
  if (discrete) return(match(values, unique(values)))
  if (!is.numeric(values)) {
    abort_input(sprintf("%s is not numeric; say is%sDiscrete = TRUE if every value is a class", what, toupper(what)), call)
  }
  ceiling(rank(values, ties.method = "average") / length(values) * bins)
}
