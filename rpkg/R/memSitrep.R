# What somebody who helps has to know of a session.

#' What a report of a problem should contain
#'
#' `memSitrep()` gathers what tells how memshare runs here: versions, the machine, how much memory is where, limits, the options that are
#' set and where each comes from, the workers, the log. Print it into a report.
#'
#' @return A list of class `memshare_sitrep` of named character vectors, one for each part; printed as text.
#' @param x,... What `memSitrep()` gave; not used.
#' @seealso [memLog()], [memTop()]
#' @examples
#' memSitrep()
#' @export
memSitrep <- function() {
  structure(
    list(versions = sitrep_versions(), machine = sitrep_machine(), memory = sitrep_memory(), limits = sitrep_limits(), options = sitrep_options(),
         session = sitrep_session()),
    class = "memshare_sitrep"
  )
}

sitrep_versions <- function() {
  c(
    memshare = as.character(utils::packageVersion("memshare")), R = R.version.string, platform = R.version$platform,
    BLAS = extSoftVersion()[["BLAS"]], LAPACK = La_library(), locale = Sys.getlocale("LC_CTYPE")
  )
}

sitrep_machine <- function() {
  group <- tryCatch(suppressWarnings(readLines("/proc/self/cgroup")), error = function(e) character())
  c(
    system = paste(Sys.info()[c("sysname", "release", "machine")], collapse = " "), processor = sub("^.*: ", "", machine()),
    cores = sprintf("%s of %s may be used", available_cores(), parallel::detectCores()), load = line_of_file("/proc/loadavg"),
    `control group` = paste(sub("^[0-9]+:[^:]*:", "", utils::head(group, 1L)), collapse = " "),
    container = if (file.exists("/.dockerenv")) "Docker" else if (file.exists("/run/.containerenv")) "Podman" else "none seen"
  )
}

sitrep_memory <- function() {
  about <- tryCatch(suppressWarnings(readLines("/proc/meminfo")), error = function(e) character())
  kb <- function(name) as.numeric(sub("^[^0-9]*([0-9]+) kB$", "\\1", grep(paste0("^", name, ":"), about, value = TRUE)))
  said <- function(name) if (length(kb(name))) format_bytes(kb(name) * 1024) else "not known"
  shm <- tryCatch(suppressWarnings(system2("df", c("-kP", "/dev/shm"), stdout = TRUE, stderr = FALSE)), error = function(e) character())
  free <- if (length(shm) > 1L) as.numeric(strsplit(shm[[2L]], " +")[[1L]][c(4L, 2L)]) * 1024
  most <- suppressWarnings(as.numeric(c(line_of_file("/sys/fs/cgroup/memory.max"), line_of_file("/sys/fs/cgroup/memory/memory.limit_in_bytes"))))
  # No limit is a very large one.
  most <- most[!is.na(most) & most < 2^60]
  c(
    memory = sprintf("%s of %s free", said("MemAvailable"), said("MemTotal")),
    `/dev/shm` = if (is.null(free)) "not there" else sprintf("%s of %s free", format_bytes(free[[1L]]), format_bytes(free[[2L]])),
    `limit of the control group` = if (length(most)) format_bytes(most[[1L]]) else "none seen", `temporary directory` = tempdir()
  )
}

sitrep_limits <- function() {
  lines <- tryCatch(suppressWarnings(readLines("/proc/self/limits")), error = function(e) character())
  wanted <- c("Max open files", "Max processes", "Max address space", "Max file size", "Max stack size")
  found <- lapply(wanted, function(name) sub("^ +", "", substring(grep(name, lines, fixed = TRUE, value = TRUE), 26L)))
  values <- vapply(found, function(text) if (length(text)) strsplit(text, " +")[[1L]][[1L]] else "not known", "")
  stats::setNames(values, tolower(sub("^Max ", "", wanted)))
}

# Options that somebody set, and where.
sitrep_options <- function() {
  said <- vapply(names(option_names), function(name) {
    value <- getOption(option_names[[name]])
    if (!is.null(value)) return(paste(line_of(value), "(options)"))
    twin <- Sys.getenv(option_twins[[name]])
    if (nzchar(twin)) paste(twin, "(environment)") else ""
  }, "")
  said <- said[nzchar(said)]
  if (length(said)) stats::setNames(said, option_names[names(said)]) else c("none" = "all as they come")
}

sitrep_session <- function() {
  last <- memLastRun()
  log <- file.path(worker_directory(), "session.log")
  c(
    `variables registered` = as.character(length(pageList())), `views` = as.character(length(viewList())),
    `last run` = if (is.null(last)) "none" else sprintf("%s, %s, %s workers", last$title, last$ended, last$workers),
    log = if (file.exists(log)) log else "not written; options(memshare.log = \"debug\") begins it"
  )
}

#' @rdname memSitrep
#' @export
format.memshare_sitrep <- function(x, ...) {
  part <- function(name) c(name, sprintf("  %s  %s", formatC(names(x[[name]]), width = -26L), harmless(x[[name]])))
  unlist(lapply(names(x), part))
}

#' @rdname memSitrep
#' @export
print.memshare_sitrep <- function(x, ...) {
  writeLines(format(x))
  invisible(x)
}
