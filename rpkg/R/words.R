# Numbers, tables and names for people, the same in every view: native code (inspect/src/words.rs, table.rs) writes them.

# Times for people: "1.2 s", "34 ms", "20 us"; of what goes on, "12 s", "5 min 02 s", "3 h 04 min".
format_seconds <- function(seconds) ms_format("seconds", as.double(seconds))
format_duration <- function(seconds) ms_format("duration", as.double(seconds))

# Shares for people: "35 %", "2.1 %".
percent <- function(share) ms_format("percent", as.double(share))

# Sizes in bytes for people: "512 bytes", "1.5 kB"; "?" where one is not known.
format_bytes <- function(bytes) ms_format("bytes", as.double(bytes))

# Counts with a comma after each three digits.
format_count <- function(n) ms_format("number", as.double(n))

# How many a second.
format_rate <- function(rate) sprintf("%s/s", ms_format("rate", as.double(rate)))

# "1 pass", "2 passes".
count_of <- function(n, one, many = paste0(one, "s")) {
  sprintf("%s %s", format_count(n), if (n == 1) one else many)
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

# Columns side by side: words to the left, numbers (`right`) to the right. A list or data frame of texts; with their names above. What is
# empty in every row is left out.
in_columns <- function(columns, right, head = TRUE, indent = "  ") {
  native(ms_table(lapply(columns, as.character), if (head) names(columns) else character(), as.double(right), indent))
}

# Prints lines of text.
cat_lines <- function(lines) cat(harmless(lines), sep = "\n")

# Prints the lines that format() gives of something, all but the first indented.
print_lines <- function(x) {
  lines <- format(x)
  cat_lines(paste0(c("", rep("  ", length(lines) - 1L)), lines))
  invisible(x)
}

# Seconds on the clock that waits are measured by.
elapsed <- function() proc.time()[["elapsed"]]
