# Under what key a pass's profile is kept: FUN's code, the verb, what the elements are and how large about, the machine. The same in
# every session. A warm call pays a few microseconds for it: a code's part is looked up.

# "" where no profile is to be used or kept. `part` is that of a pass that only brings results together, see compile.R.
key_of <- function(pass, part = "") {
  if (isFALSE(pass$control$profile)) return("")
  key <- paste0(code_of(pass$fun), "/", pass$verb, "/", kind_of_input(pass$inputs[[1L]]))
  for (input in pass$inputs[-1L]) key <- paste(key, kind_of_input(input), sep = "/")
  if (nzchar(part)) paste(key, part) else key
}

# Passes of one plan with the same key are told apart by their order.
distinct_keys <- function(passes) {
  keys <- vapply(passes, `[[`, "", "key")
  for (i in which(duplicated(keys) & nzchar(keys))) {
    passes[[i]]$key <- sprintf("%s #%d", keys[[i]], sum(keys[seq_len(i)] == keys[[i]]))
  }
  passes
}

# A function's code and the machine, as a short name. The environment is no part of it: what FUN captured may change.
code_of <- function(fun) {
  if (is.object(fun)) attributes(fun) <- NULL
  for (known in state$codes) if (same_function(known$fun, fun)) return(known$code)
  if (!is.primitive(fun)) {
    fun <- utils::removeSource(fun)
    # What is remembered keeps no frame alive.
    environment(fun) <- baseenv()
  }
  parts <- if (is.primitive(fun)) deparse(fun) else list(formals(fun), body(fun))
  # Environments within code, and the head with R's version, are left out.
  bytes <- serialize(parts, NULL, version = 2L, xdr = FALSE, refhook = function(reference) "")[-seq_len(14L)]
  code <- native(ms_fingerprint(c(charToRaw(machine()), bytes)))
  state$codes <- utils::head(c(list(list(fun = fun, code = code)), state$codes), 64L)
  code
}

same_function <- function(a, b) {
  identical(a, b, num.eq = FALSE, single.NA = FALSE, ignore.bytecode = TRUE, ignore.environment = TRUE, ignore.srcref = TRUE)
}

# The processor's model: how long things take depends on it, and a container's name says nothing.
machine <- function() {
  if (is.null(state$machine)) {
    lines <- tryCatch(suppressWarnings(readLines("/proc/cpuinfo", n = 40L)), error = function(e) NULL)
    model <- grep("^(model name|cpu model|Processor)", lines, value = TRUE)
    machine <- paste(R.version$platform, if (length(model)) model[[1L]] else Sys.info()[["nodename"]])
    # What cannot be read now, say for want of descriptors, may be later.
    if (is.null(lines) && file.exists("/proc/cpuinfo")) return(machine)
    state$machine <- machine
  }
  state$machine
}

# What the elements of an input are: their type and the power of two that is nearest to their bytes, "double 13",
# "row of double 13".
kind_of_input <- function(input) {
  if (!is.null(input$of)) return(input$of)
  source <- input$source
  if (is_pass(source)) return(paste(input$cut, "of a pass"))
  if (is.null(input$dim)) return(kind_of_items(source, item_lengths(source)))
  kind_of_slices(typeof(source), input)
}

kind_of_slices <- function(type, input) {
  each <- if (is.null(input$size)) 1 else input$size
  paste0(input$cut, " of ", said_kind(type, each * input$dim[[if (startsWith(input$cut, "row")) 2L else 1L]]))
}

kind_of_items <- function(items, lengths) {
  if (!length(items)) return("nothing")
  if (typeof(items) != "list") return(said_kind(typeof(items), 1L))
  kind_by_lengths(typeof(.subset2(items, 1L)), lengths, bare_lengths(items[1L]))
}

# `lengths` of all items, or NULL where they do not differ and each is as `each` says.
kind_by_lengths <- function(type, lengths, each) said_kind(type, if (is.null(lengths)) each else mean(lengths))

said_kind <- function(type, length) {
  bytes <- bytes_of_items(type, length)
  paste0(type, " ", if (bytes > 1) as.integer(log2(bytes) + 0.5) else 0L)
}

# The bytes of so many items of a type; of what is no number, those of a pointer.
bytes_of_items <- function(type, length) length * switch(type, double = 8, logical = , integer = 4, complex = 16, raw = 1, 8)

# A list as an input, looked at while it is at hand.
looked_at <- function(input, view) {
  lengths <- item_lengths(view)
  input$of <- kind_of_items(view, lengths)
  input$sizes <- lengths
  input
}

# The lengths of a list's items, where they differ; long lists are sampled first.
item_lengths <- function(items) {
  n <- length(items)
  if (typeof(items) != "list" || n < 2L) return(NULL)
  if (n > 4096L && same_lengths(items[round(seq(1, n, length.out = 256))])) return(NULL)
  lengths <- bare_lengths(items)
  if (all(lengths == lengths[[1L]])) NULL else lengths
}

same_lengths <- function(items) {
  lengths <- bare_lengths(items)
  all(lengths == lengths[[1L]])
}

# The lengths of a list's items as they lie in memory: lengths() asks the methods of their classes.
bare_lengths <- function(items) native(ms_lengths(items))

# A guess of what elements cost, from their sizes; NULL where they do not differ.
sizes_of <- function(pass) {
  sizes <- NULL
  for (input in pass$inputs) {
    own <- input$sizes
    if (is.null(input$of) && input$cut == "item" && !is_pass(input$source)) own <- item_lengths(input$source)
    if (!is.null(own)) sizes <- if (is.null(sizes)) own else sizes + own
  }
  if (!is.null(sizes)) as.double(sizes)
}
