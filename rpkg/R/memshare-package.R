#' memshare: apply functions over one shared copy of the data
#'
#' [memApply()] and [memLapply()] do what [apply()] and [lapply()] do, on several cores, with one copy of the data for all
#' worker processes. [registerVariables()] and [retrieveViews()] share R objects between R sessions of the same user.
#'
#' Calls that build on each other can be written first and run together: `?"memshare-pass"`, [memPlan()], [memRun()].
#'
#' Start with `?memApply`; settings are in `?memshare-options` and [memControl()], errors in `?memshare-conditions`.
#'
#' @useDynLib memshare, .registration = TRUE
#' @keywords internal
#' @name memshare-package
NULL
