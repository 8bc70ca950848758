# Records: what views of a plan or a run start from. A record is a raw vector, the bytes of its file; native code makes a *document*
# of it, a list in the words of docs/record.md, and every view takes its figures from there.

# What a record says besides the plan: its title, and of each pass of the spec a line, its part, the elements that the user knows
# and their names. `brief` is that of the program, `lines` has one for each of the user's passes.
about_of <- function(brief, lines, title) {
  owner <- brief$owner
  list(
    title = title,
    lines = lines[owner], parts = brief$what, elements = ifelse(duplicated(owner), 0, brief$counts[owner]),
    guessed = as.double(brief$guessed), repeated = as.double(brief$repeated),
    names = lapply(seq_along(owner), function(i) if (brief$what[[i]] == "map") as_names(brief$names[[owner[[i]]]]))
  )
}

# Names as UTF-8 without missing ones; NULL where there are none.
as_names <- function(names) {
  if (is.null(names)) return(NULL)
  names <- enc2utf8(as.character(names))
  names[is.na(names) | !validUTF8(names)] <- ""
  names
}

# What was called, for which passes: "memRun(z, s)". Those without a name are not named.
title_of <- function(verb, labels) {
  said <- shorten(labels, 4L)
  if (nzchar(verb)) sprintf("%s(%s)", verb, said) else said
}

# The labels of the wanted passes that somebody named.
named_labels <- function(wanted) {
  labels <- character()
  for (entry in wanted) if (entry$is_named) labels <- c(labels, entry$label)
  labels
}

# What of a program is needed to speak of it, without the data that it holds; `guessed` are passes whose results nobody knows the size
# of before they are there; `verb` as verb_of() gives it. A program that is kept has its brief.
brief_of <- function(program, verb) {
  wanted <- named_labels(program$wanted)
  guessed <- logical(length(program$spec$passes))
  for (i in seq_along(guessed)) guessed[[i]] <- is.na(program$spec$passes[[i]]$bytes)
  counts <- numeric(length(program$order))
  names <- passes <- vector("list", length(counts))
  for (i in seq_along(counts)) {
    pass <- program$order[[i]]
    counts[[i]] <- pass$n
    names[i] <- list(pass$names)
    inputs <- pass$inputs
    for (k in seq_along(inputs)) inputs[[k]] <- inputs[[k]][c("cut", "said", "what")]
    passes[[i]] <- list(
      verb = pass$verb, label = pass$label, n = pass$n, formals = names(formals(pass$fun)), inputs = inputs, arguments = pass$arguments
    )
  }
  list(
    verb = if (nzchar(verb)) verb else "memRun", called = verb, title = title_of(verb, wanted), labels = program$labels, owner = program$owner,
    what = program$what, wanted = wanted, guessed = guessed, names = names, counts = counts, passes = passes
  )
}

# The brief of a program for a call of this verb: memRedo() and memRun() may run what another verb made.
brief_for <- function(program, call) {
  verb <- verb_of(call)
  if (is.null(program$brief) || program$brief$called != verb) brief_of(program, verb) else program$brief
}

# "memApply over 5,000 columns of X with cor()".
brief_line <- function(pass) {
  fun <- pass$label
  if (grepl("^[[:alpha:].][[:alnum:]._:]*$", fun)) fun <- paste0(fun, "()")
  if (!nzchar(fun)) fun <- sprintf("function(%s)", paste(pass$formals, collapse = ", "))
  over <- vapply(shown_inputs(pass$inputs), function(input) {
    paste0(count_of(pass$n, element_word(input)), if (nzchar(input$said)) paste(" of", input$said))
  }, "")
  pass_words(pass, over, fun)
}

# The record of a plan or a run, as raw bytes; also of the file that memSave() wrote.
record_of <- function(x, what = "x", call = NULL) {
  if (inherits(x, "memshare_run") || inherits(x, "memshare_plan_record")) return(unclass(x)$record)
  if (inherits(x, "memshare_plan")) return(record_of_plan(unwrap_pass(x), call))
  if (is.character(x) && length(x) == 1L && !is.na(x)) return(native(ms_record_read(path.expand(x)), call))
  abort_input(
    sprintf("%s must be a plan of memPlan(), a run of memLastRun() or memLoad(), or a file of memSave(), not %s", what, describe(x)), call
  )
}

record_of_plan <- function(plan, call) {
  made <- plan$main
  program <- made$program
  if (!length(program$spec$gather)) abort_input("this plan has nothing to run: there are no elements", call)
  need_native(made, call)
  lines <- vapply(program$order, describe_pass, "", program$order, program$labels)
  brief <- brief_of(program, verb_of(call))
  brief$guessed <- native_of(plan)$guessed
  about <- about_of(brief, lines, title_of("memPlan", named_labels(program$wanted)))
  native(ms_record_of_plan(made$id, about), call)
}

# The document of a plan or a run: the list that docs/record.md describes. Without `chunks` a run's long columns are left out.
document_of <- function(x, chunks = TRUE, what = "x", call = NULL) native(ms_record_document(record_of(x, what, call), chunks), call)
