# The spelling of the manual, DESCRIPTION and NEWS.md; words that are right and in no dictionary are in rpkg/inst/WORDLIST.
if (!requireNamespace("spelling", quietly = TRUE)) {
  cat("skipped: package spelling is not installed\n")
  quit("no")
}
wrong <- spelling::spell_check_package("rpkg")
if (nrow(wrong)) {
  print(wrong)
  quit(status = 1)
}
cat("no word is misspelled\n")
