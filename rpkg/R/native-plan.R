# Plans as native code keeps them.

make_native <- function(made, call) {
  made$session <- state$session
  made$process <- Sys.getpid()
  if (!length(made$program$spec$gather)) return(invisible())
  configure_native()
  made$native <- described(native(ms_plan_make(made$program$spec), call), made$program$spec)
  made$id <- made$native$id
  made$ran <- FALSE
  reg.finalizer(made, function(made) if (made$id > 0L && is_here(made)) try(ms_plan_free(made$id), silent = TRUE))
}

# A forked child of the session has a plan's data, and makes the native one anew; so does this process when it loaded memshare again.
need_native <- function(made, call) if (!is_here(made)) make_native(made, call)

# What native code says of a plan; asked again after a run, which shows how large results are.
native_of <- function(plan) {
  made <- plan$main
  if (isTRUE(made$ran) && is_here(made)) {
    made$native <- described(native(ms_plan_describe(made$id)), made$program$spec)
    made$ran <- FALSE
  }
  made$native
}

# What native code says of a plan, with tables for columns. The size of results is known from FUN.VALUE, from an earlier run, or not at all.
described <- function(native, spec) {
  native$tasks <- as_table(native$tasks, c("task", "kind", "passes", "elements", "step", "waits_for", "bytes"))
  native$resources <- as_table(
    native$resources, c("resource", "scope", "bytes", "born", "last_read", "made_by", "read_by", "place")
  )
  unknown <- native$guessed > 0
  guessed <- native$resources$scope == "result" & native$resources$resource %in% vapply(spec$passes, `[[`, "", "name")[unknown]
  native$resources$bytes[guessed] <- NA
  native
}

# Native code's columns as a table, in the order in which people read them.
as_table <- function(columns, first) {
  table <- as.data.frame(columns, stringsAsFactors = FALSE)
  for (name in names(table)) if (is.numeric(table[[name]])) table[[name]][is.nan(table[[name]])] <- NA
  table[c(intersect(first, names(table)), setdiff(names(table), first))]
}
