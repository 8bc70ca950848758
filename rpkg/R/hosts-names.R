# Variables that the hosts of a cluster hold by name. This session registers them, and each leader is sent them as the data of a run is (hosts-requests.R),
# by content, and registers them there (hosts-verbs.R). Calls know such a variable's content, so that they neither make nor send its bytes.

# Of each variable that hosts were given: its content. It holds until this session releases the variable.
name_key <- function(namespace, names) paste(namespace, names, sep = "\n")

# The content of data that is given by name, where one of the hosts has it so.
content_on <- function(source, hosts) {
  content <- if (inherits(source, "memshare_name")) state$on_hosts[[name_key(source[[1L]], source[[2L]])]]
  if (is.null(content)) return(NULL)
  has <- vapply(hosts, function(host) content %in% host$holds$named, NA)
  if (any(has)) content
}

# Runs on a leader: its data is a variable of this name from now on. On the session's own host it is the session's.
hold_by_name <- function(lead, entry) {
  if (!entry$here) share_variables(entry$namespace, stats::setNames(lead$data[[entry$content]], entry$name))
  lead$data[[entry$content]] <- list(peek(c(entry$namespace, entry$name)))
  lead$named[[name_key(entry$namespace, entry$name)]] <- entry$content
  gc(verbose = FALSE)
  native(ms_hosts_give_back())
}

# This session released variables: a call decides by their names no more.
forget_contents <- function(namespace, names) state$on_hosts[name_key(namespace, names)] <- NULL

# The keys of these variables among others; `names` NULL: of all of the namespace.
keys_of <- function(keys, namespace, names) {
  if (is.null(names)) startsWith(as.character(keys), name_key(namespace, "")) else keys %in% name_key(namespace, names)
}

# Runs on a leader, when the session releases variables: their data is held no more, unless it has another name too. A name that goes in another way, by
# releaseVariables() on the node, changes nothing here, for the session does not know of it.
forget_names <- function(namespace, names = NULL) {
  lead <- state$leader
  of <- keys_of(names(lead$named), namespace, names)
  if (!any(of)) return(invisible())
  forget_data(lead, setdiff(lead$named[of], lead$named[!of]))
  lead$named <- lead$named[!of]
}

# Runs on a leader, for data that nobody asks for any more.
forget_data <- function(lead, contents) {
  lead$data[contents] <- NULL
  lead$forms[contents] <- NULL
}

# What this session knows of that, of the leaders among processes of these `ids`.
forget_on <- function(ids, namespace, names = NULL) {
  for (holds in Filter(function(holds) any(vapply(ids, identical, NA, holds$id)), state$held)) {
    of <- keys_of(names(holds$named), namespace, names)
    gone <- setdiff(holds$named[of], holds$named[!of])
    holds$named <- holds$named[!of]
    holds$has <- holds$has[!names(holds$has) %in% gone]
  }
}

# Runs on a leader. What the user registered there is the user's.
node_releases <- function(namespace, names) {
  held <- names[name_key(namespace, names) %in% names(state$leader$named)]
  own <- held[is_own(namespace, held)]
  if (length(own)) unshare_variables(namespace, own)
  forget_names(namespace, held)
  gc(verbose = FALSE)
  held
}
