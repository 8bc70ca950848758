# Big objects in messages: each is put into shared memory once, known by its content, and kept as long as a message or a next one needs it.

# Shared objects that are kept for a next message, and for how long, in seconds.
kept_objects <- 16L
kept_for <- 60

# A message as it is sent: bytes, and handles of the big objects in it, to which it refers until refer(handles, -1).
pack_message <- function(message) {
  # Each argument by itself: together with others it would be another object each time.
  arguments <- message$data$args
  big <- which(within_stack(vapply(arguments, function(x) typeof(x) != "closure" && bytes_of(x) >= option_share(), NA)))
  whole <- lapply(arguments[big], shared_object)
  message$data$args[big] <- list(NULL)
  packed <- native(ms_pack(message, option_share()))
  handles <- c(whole, lapply(packed$parts, shared_object))
  refer(handles, 1)
  forget_objects(kept_for)
  structure(list(bytes = packed$raw, handles = handles, arguments = big), class = "memshare_message")
}

unpack_message <- function(message) {
  if (!inherits(message, "memshare_message")) return(message)
  objects <- lapply(message$handles, memOpen)
  whole <- seq_along(message$arguments)
  unpacked <- native(ms_unpack(message$bytes, if (length(whole)) objects[-whole] else objects))
  if (length(whole)) unpacked$data$args[message$arguments] <- objects[whole]
  unpacked
}

# A handle of an object: that of an equal one, where that is still kept.
shared_object <- function(object) {
  content <- native(ms_content(object))
  known <- state$objects[[content]]
  handle <- if (is.null(known)) memHandle(object) else known$handle
  # The last used is the last.
  state$objects[[content]] <- NULL
  state$objects[[content]] <- list(handle = handle, used = elapsed())
  handle
}

# Gives back what was not used for so many seconds, and all but the last of what is kept.
forget_objects <- function(seconds) {
  oldest <- elapsed() - seconds
  keep <- vapply(state$objects, function(entry) entry$used > oldest, NA) & rev(seq_along(state$objects)) <= kept_objects
  state$leaving <- c(state$leaving, lapply(unname(state$objects[!keep]), `[[`, "handle"))
  state$objects <- state$objects[keep]
  release_leaving()
}

# What is not kept any more goes as soon as no message refers to it whose answer is owed: then all who are to have it have opened it.
release_leaving <- function() {
  gone <- vapply(state$leaving, function(handle) sum(state$referred[[handle$id]]) == 0, NA)
  for (handle in state$leaving[gone]) memRelease(handle)
  state$leaving <- state$leaving[!gone]
}

# Counts the messages that refer to objects.
refer <- function(handles, by) {
  for (handle in handles) {
    count <- sum(state$referred[[handle$id]], by)
    state$referred[[handle$id]] <- if (count > 0) count
  }
  if (by < 0) release_leaving()
}
