# What R code asks of the system: random bits, files of the kernel.

# 128 random bits, which leave R's random numbers as they are.
random_id <- function() {
  source <- file("/dev/urandom", "rb", raw = TRUE)
  on.exit(close(source))
  paste(readBin(source, "raw", 16L), collapse = "")
}

# The first line of a file of the system; "" where there is none, or it cannot be read.
line_of_file <- function(path) {
  lines <- if (file.exists(path)) tryCatch(suppressWarnings(readLines(path, n = 1L)), error = function(e) character())
  if (length(lines)) lines[[1L]] else ""
}
