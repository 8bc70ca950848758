# Names and texts of the user in what is printed and in conditions: nothing acts on them.

# What a terminal would act on: control characters but line feeds and tabs, and marks that turn the order of the letters around them; as
# inspect/src/harmless.rs has it.
acted_on <- "(*UTF)[\\x{1}-\\x{8}\\x{b}-\\x{1f}\\x{7f}-\\x{9f}\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]"

# Text that does nothing but be read. Names are the user's, and may hold what they like.
harmless <- function(text) {
  text <- enc2utf8(text)
  odd <- !validUTF8(text)
  if (any(odd)) text[odd] <- iconv(text[odd], "UTF-8", "UTF-8", sub = "byte")
  if (any(grepl(acted_on, text, perl = TRUE))) gsub(acted_on, "\ufffd", text, perl = TRUE) else text
}
