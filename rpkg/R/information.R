# What mutualinfo() and memMutualinfo() share: the variables of an estimate, prepared, and the estimate of two of them. It runs in the
# session and on workers.
#
# `how` says how: `discrete` (of x and of y), `eps`, `mpmi`, `na.rm` and `method`. A *variable* is list(values, discrete, what, usable, prepared):
# `usable` is NULL where all values are, else a flag a value; `prepared` is what native code takes, or NULL where that has to wait until it
# is known which pairs are left.

information_by <- function(discrete, eps, mpmi, na_rm, method, call) {
  if (!is.numeric(eps) || length(eps) != 1L || is.na(eps) || eps < 0) {
    abort_input(sprintf("eps must be one number of at least 0, not %s", describe(eps)), call)
  }
  how <- list(
    discrete = discrete, eps = as.double(eps), mpmi = check_flag(mpmi, "useMPMI", call), na.rm = check_flag(na_rm, "na.rm", call),
    method = check_choice(first_of(method), c("pde", "rank", "ksg"), "method", call)
  )
  if (how$mpmi && !requireNamespace("mpmi", quietly = TRUE)) {
    text <- "useMPMI = TRUE needs package 'mpmi', which is not installed; install.packages(\"mpmi\"), or leave useMPMI out"
    abort("package", text, package = "mpmi", call = call)
  }
  if (!how$mpmi && how$method == "ksg" && xor(discrete[[1L]], discrete[[2L]])) {
    abort_input("method = \"ksg\" needs two continuous variables; for a continuous and a discrete one use \"pde\" or \"rank\"", call)
  }
  how
}

# `what` is "x" or "y".
information_variable <- function(values, what, how, call) {
  discrete <- how$discrete[[match(what, c("x", "y"))]]
  if (is.null(values) || !is.atomic(values)) {
    abort_input(sprintf("%s must be a vector, not %s", what, describe(values)), call)
  }
  if (!discrete) values <- continuous(values, what, call)
  usable <- if (discrete) !is.na(values) else is.finite(values)
  variable <- list(values = values, discrete = discrete, what = what)
  if (!all(usable)) {
    if (!how$na.rm) {
      text <- sprintf(
        "%s has %d %s, the first at %d; na.rm = TRUE leaves such pairs out", what, sum(!usable),
        if (discrete) "missing values" else "missing or infinite values", which(!usable)[[1L]]
      )
      abort_input(text, call)
    }
    return(c(variable, list(usable = usable)))
  }
  c(variable, list(prepared = prepared(variable, how, call)))
}

continuous <- function(values, what, call) {
  if (!is.numeric(values)) {
    abort_input(sprintf("%s is not numeric; say is%sDiscrete = TRUE if every value is a class", what, toupper(what)), call)
  }
  as.double(values)
}

# What native code takes, for all values; NULL where the method takes them as they are.
prepared <- function(variable, how, call) {
  values <- variable$values
  if (how$mpmi || !variable$discrete && how$method == "ksg") return(NULL)
  if (variable$discrete) {
    codes <- match(values, unique(values)) - 1L
    return(list(codes = codes, count = if (length(codes)) max(codes) + 1L else 0L))
  }
  if (how$method == "rank") {
    # The cube root of 1000 is a little less than 10 in doubles.
    bins <- max(2, floor(length(values)^(1 / 3) + 1e-9))
    return(list(codes = native(ms_equal_frequencies(values, bins), call), count = bins))
  }
  cells <- native(ms_cells(values, variable$what), call)
  # A constant is one class.
  if (is.null(cells)) list(codes = integer(length(values)), count = 1L) else cells
}

# The estimate of two variables.
information_of <- function(x, y, how, call) {
  usable <- if (is.null(x$usable)) y$usable else if (is.null(y$usable)) x$usable else x$usable & y$usable
  if (!is.null(usable)) {
    x <- left_of(x, usable, how, call)
    y <- left_of(y, usable, how, call)
  }
  if (length(x$values) < 2L) return(0)
  if (how$mpmi) return(information_by_mpmi(x, y))
  if (is.null(x$prepared)) return(native(ms_information_of_neighbours(x$values, y$values, 3), call))
  native(ms_information(x$prepared, y$prepared, how$eps), call)
}

left_of <- function(variable, usable, how, call) {
  variable$values <- variable$values[usable]
  variable$prepared <- prepared(variable, how, call)
  variable
}

information_by_mpmi <- function(x, y) {
  if (x$discrete && y$discrete) return(mpmi::dmi.pw(x$values, y$values)$mi)
  if (!x$discrete && !y$discrete) return(mpmi::cmi.pw(x$values, y$values)$mi)
  numbers <- if (x$discrete) y else x
  classes <- if (x$discrete) x else y
  mpmi::mmi.pw(numbers$values, classes$values)$mi
}
