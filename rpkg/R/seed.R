# memControl(seed = ): every element has a stream of its own, so that results do not depend on who computes what and when.

# Elements whose streams are substreams of one L'Ecuyer stream: jumping ahead costs a step a block and then a step an element.
stream_block <- 1024

# A function of an element's number (from 1) that sets .Random.seed to the start of that element's stream, or NULL without a
# seed. It remembers where it stands: the next element is one step away. `before`: how many elements the user's call has before the first.
stream_setter <- function(seed, before = 0) {
  if (is.null(seed)) return(NULL)
  block <- 0
  within <- 0
  block_start <- stream <- first_stream(seed)
  function(index) {
    index <- index + before
    want_block <- (index - 1) %/% stream_block
    want_within <- (index - 1) %% stream_block
    if (want_block < block) {
      block <<- 0
      block_start <<- first_stream(seed)
      stream <<- block_start
      within <<- 0
    }
    if (want_block > block) {
      while (block < want_block) {
        block_start <<- parallel::nextRNGStream(block_start)
        block <<- block + 1
      }
      stream <<- block_start
      within <<- 0
    }
    if (want_within < within) {
      stream <<- block_start
      within <<- 0
    }
    while (within < want_within) {
      stream <<- parallel::nextRNGSubStream(stream)
      within <<- within + 1
    }
    assign(".Random.seed", stream, envir = globalenv())
  }
}

# The stream that a seed stands for, as set.seed(seed, "L'Ecuyer-CMRG") gives it, without leaving a trace in this process.
first_stream <- function(seed) {
  old <- globalenv()$.Random.seed
  kind <- RNGkind()
  on.exit({
    do.call(RNGkind, as.list(kind))
    if (is.null(old)) rm(".Random.seed", envir = globalenv()) else assign(".Random.seed", old, envir = globalenv())
  })
  set.seed(seed, kind = "L'Ecuyer-CMRG", normal.kind = "Inversion", sample.kind = "Rejection")
  globalenv()$.Random.seed
}
