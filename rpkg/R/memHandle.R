# References to shared data that can be sent to any other process of this machine: a name that nobody can guess, and where it holds.

handle_space <- "memshare.handles"

#' A reference to shared data for any other R process
#'
#' `memHandle()` puts an object into shared memory and gives a reference to it of some hundred bytes, which can be saved or sent to any
#' R process of the same user on this machine by whatever means (mirai, callr, crew, targets, purrr's `in_parallel()`, a socket). There
#' `memOpen()` gives the object, read in place, without a copy. So a big object travels once instead of once a task.
#'
#' The data stays as long as the session that made the handle holds it: until the handle is garbage collected there, `memRelease()`
#' gives it back, or that session ends. What was opened before stays readable. A handle whose data is gone, or that was made on another
#' machine, is an error of class `memshare_error_handle`; it never gives other data, for its name is a random number of 128 bits.
#'
#' @param x Any R object.
#' @param handle What `memHandle()` gave, in this or another process.
#' @param ... Not used.
#' @return `memHandle()` gives an object of class `memshare_data_handle`, `memOpen()` the object, `memRelease()` `NULL`, invisibly.
#' @seealso [registerVariables()] for variables with names.
#' @examples
#' handle <- memHandle(matrix(1:6, 2))
#' handle
#' memOpen(handle)[2, ]
#' memRelease(handle)
#' try(memOpen(handle))
#' @export
memHandle <- function(x) {
  call <- sys.call()
  check_given(c(x = missing(x)), call)
  id <- random_id()
  configure_place()
  with_room(function() ms_register(handle_space, stats::setNames(list(x), id)), call)
  about <- metadata(handle_space, id, call)
  said <- c(about$type, paste(about$dim, collapse = " x "), format_bytes(about$bytes))
  structure(
    list(id = id, said = paste(said[nzchar(said)], collapse = ", "), host = Sys.info()[["nodename"]], boot = boot_of_host(), pin = handle_pin(id)),
    class = "memshare_data_handle"
  )
}

# An environment whose end gives the data back. Of one that was sent elsewhere, a copy, nobody waits for the end.
handle_pin <- function(id) {
  maker <- list(process = Sys.getpid(), session = state$session)
  pin <- new.env(parent = emptyenv())
  reg.finalizer(pin, function(pin) if (is_here(maker)) try(ms_release_variables(handle_space, id), silent = TRUE))
  pin
}

# What tells this machine from another, as long as it runs.
boot_of_host <- function() line_of_file("/proc/sys/kernel/random/boot_id")

#' @rdname memHandle
#' @export
memOpen <- function(handle) {
  call <- sys.call()
  check_given(c(handle = missing(handle)), call)
  check_handle(handle, call)
  tryCatch(peek(c(handle_space, handle$id), call), memshare_error_not_allocated = function(e) {
    why <- if (!identical(handle$boot, boot_of_host())) {
      sprintf("it was made on the machine '%s', and can be opened only there; make one here", harmless(handle$host))
    } else {
      "its data was given back: its session ended, released it, or kept no handle; or this process has another shared memory, as a container does"
    }
    abort("handle", sprintf("this handle (%s) cannot be opened: %s", harmless(handle$said), why), id = handle$id, call = call)
  })
}

#' @rdname memHandle
#' @export
memRelease <- function(handle) {
  call <- sys.call()
  check_given(c(handle = missing(handle)), call)
  check_handle(handle, call)
  tryCatch(native(ms_release_variables(handle_space, handle$id), call), memshare_error = function(e) {
    abort("handle", sprintf("this handle (%s) cannot be released: only the session that made it can, and once", harmless(handle$said)), id = handle$id, call = call)
  })
  invisible(NULL)
}

# A handle may come from a file or another process.
check_handle <- function(handle, call) {
  parts <- if (inherits(handle, "memshare_data_handle") && typeof(handle) == "list") unclass(handle)[c("id", "said", "host", "boot")]
  whole <- !is.null(parts) && all(vapply(parts, function(part) is.character(part) && length(part) == 1L && !is.na(part), NA))
  if (!whole || !grepl("^[0-9a-f]{32}$", parts$id)) abort_input(sprintf("handle must be what memHandle() gives, not %s", describe(handle)), call)
}

#' @rdname memHandle
#' @export
format.memshare_data_handle <- function(x, ...) sprintf("<memHandle> %s, on %s", harmless(x$said), harmless(x$host))

#' @rdname memHandle
#' @export
print.memshare_data_handle <- function(x, ...) {
  cat(format(x), "
", sep = "")
  invisible(x)
}

#' @exportS3Method utils::str memshare_data_handle
str.memshare_data_handle <- function(object, ...) cat("", format(object), "
")
