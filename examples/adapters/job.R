# What the scripts of this directory share: the data, a gene's p value, and how two ways of doing the same are compared.
data("ALL", package = "ALL", envir = environment())
genes <- Biobase::exprs(ALL)
type <- substr(as.character(ALL$BT), 1, 1)
parts <- split(seq_len(nrow(genes)), rep(1:50, length.out = nrow(genes)))
gene_p <- function(v, type) stats::t.test(v[type == "B"], v[type == "T"])$p.value

# The value of `code`, its seconds, and the most memory (PSS, MB) that this process and those that it started had meanwhile. These are told by
# a variable of their environment.
measured <- function(code) {
  file <- tempfile()
  Sys.setenv(MEASURED = file)
  watch <- sprintf(
    "while kill -0 %1$d 2> /dev/null && [ ! -e %2$s.done ]; do
       sum=0
       for p in %1$d $(grep -lzsx 'MEASURED=%2$s' /proc/[0-9]*/environ | cut -d/ -f3); do
         kb=$(sed -n 's/^Pss: *\\([0-9]*\\) kB/\\1/p' /proc/$p/smaps_rollup 2> /dev/null); sum=$((sum + ${kb:-0}))
       done
       echo $sum >> %2$s
       sleep 0.1
     done", Sys.getpid(), file
  )
  system(sprintf("(%s) 2> /dev/null", watch), wait = FALSE)
  seconds <- system.time(value <- code)[["elapsed"]]
  file.create(paste0(file, ".done"))
  list(value = value, seconds = seconds, memory = max(as.numeric(readLines(file)), 0) / 1024)
}

compare <- function(name, theirs, ours) {
  stopifnot(isTRUE(all.equal(theirs$value, ours$value, tolerance = 0)))
  cat(sprintf("%-12s %6.2f s %6.0f MB\n%-12s %6.2f s %6.0f MB\nequal values\n", name, theirs$seconds, theirs$memory, "memshare", ours$seconds, ours$memory))
}
