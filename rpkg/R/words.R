# Numbers and names for people, the same in every view; scheduler/src/inspect/words.rs writes the same of the same figures.

# Times for people: "1.2 s", "34 ms", "20 us".
format_seconds <- function(seconds) {
  if (!length(seconds)) return(character())
  size <- abs(seconds)
  size[is.na(size)] <- 0
  # What would be shown as 1000 is 1 of the next unit.
  step <- 1L + (size < 0.9995) + (size < 0.9995e-3) + (size < 0.9995e-6)
  value <- seconds * c(1, 1e3, 1e6, 1e9)[step]
  unit <- c("s", "ms", "us", "ns")[step]
  unit[size == 0] <- "s"
  paste(ifelse(abs(value) >= 99.95 | value == 0, sprintf("%.0f", value), sprintf("%.3g", value)), unit)
}

# Shares for people: "35 %", "2.1 %".
percent <- function(share) {
  paste(ifelse(share >= 0.0995 | share == 0, sprintf("%.0f", 100 * share), sprintf("%.2g", 100 * share)), "%")
}

# A size in bytes for people: "512 bytes", "1.5 kB". What would be shown as 1000.0 is one of the next unit.
format_bytes <- function(bytes) {
  if (bytes < 1000) return(sprintf("%.0f bytes", bytes))
  step <- 1L + sum(bytes >= 999.95 * 1000^(1:3))
  sprintf("%.1f %s", bytes / 1000^step, c("kB", "MB", "GB", "TB")[[step]])
}

# Several sizes; "?" where one is not known.
format_sizes <- function(bytes) vapply(bytes, function(b) if (is.na(b)) "?" else format_bytes(b), "")

# "1 pass", "2 passes".
count_of <- function(n, one, many = paste0(one, "s")) {
  sprintf("%s %s", format(n, big.mark = ",", scientific = FALSE), if (n == 1) one else many)
}

# Words in a line; of many the first ones, and how many there are besides.
shorten <- function(words, most = 8L) {
  more <- length(words) - most
  if (more > 1L) words <- c(words[seq_len(most)], sprintf("and %d more", more))
  paste(words, collapse = ", ")
}

# A text of at most so many characters, on one line.
short_text <- function(text, most) {
  text <- gsub("[[:cntrl:]]", " ", text)
  long <- nchar(text) > most
  text[long] <- paste0(substr(text[long], 1L, max(most - 3L, 1L)), "...")
  text
}

# Columns side by side: words to the left, numbers (`right`) to the right. A matrix or data frame of texts; with their names above.
in_columns <- function(columns, right, head = TRUE, indent = "  ") {
  cells <- lapply(seq_along(columns), function(i) {
    cells <- c(if (head) names(columns)[[i]], columns[[i]])
    wide <- nchar(cells, "width")
    pad <- strrep(" ", max(wide) - wide)
    if (i %in% right) paste0(pad, cells) else paste0(cells, pad)
  })
  sub(" +$", "", paste0(indent, do.call(paste, c(cells, sep = "  "))))
}

# Prints the lines that format() gives of something, all but the first indented.
print_lines <- function(x) {
  lines <- format(x)
  cat(paste0(c("", rep("  ", length(lines) - 1L)), lines), sep = "\n")
  invisible(x)
}

# Seconds on the clock that waits are measured by.
elapsed <- function() proc.time()[["elapsed"]]
