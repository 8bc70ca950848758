# Profiles across sessions, for those who ask for it by options(memshare.profiles = ): a file for each key in one directory. Native
# code keeps those of this session.

option_profiles <- function() setting("profiles", NULL, as_setting_string)

# A pass that takes less than so many seconds in all is soon learned anew.
worth_a_file <- 1

# What this session or the directory knows of a pass of `n` elements, as native code gives it, or NULL.
known_profile <- function(key, n, call = NULL) {
  if (!nzchar(key)) return(NULL)
  recall_profile(key, n)
  native(ms_profile_known(key, n), call)
}

# Has native code read the file of a key, if there is one and the session knows nothing; once a session. A file that cannot be used
# must not stop a call that would only have been faster.
recall_profile <- function(key, n) {
  directory <- option_profiles()
  if (is.null(directory) || !nzchar(key)) return(invisible())
  file <- profile_file(directory, key)
  if (file %in% state$recalled) return(invisible())
  state$recalled <- c(state$recalled, file)
  if (!is.null(native(ms_profile_known(key, n))) || !file.exists(file)) return(invisible())
  tryCatch(
    native(ms_profile_load(file)),
    memshare_error = function(e) warning(memshare_condition("warning", "profile", conditionMessage(e), path = file))
  )
  invisible()
}

# Keeps what a run measured.
keep_profiles <- function(stats, workers) {
  if (stats$seconds * workers < worth_a_file) return(invisible())
  directory <- option_profiles()
  if (is.null(directory)) return(invisible())
  tryCatch(
    {
      if (!dir.exists(directory)) dir.create(directory, recursive = TRUE, mode = "0700", showWarnings = FALSE)
      for (profile in native(ms_profile_of(stats$run))) {
        if (!nzchar(profile$key) || sum(profile$costs) < worth_a_file) next
        file <- profile_file(directory, profile$key)
        native(ms_profile_save(profile, file))
        state$recalled <- union(state$recalled, file)
      }
    },
    memshare_error = function(e) {
      text <- sprintf("what this run measured is not kept: %s", conditionMessage(e))
      warning(memshare_condition("warning", "profile", text, path = directory))
    }
  )
  invisible()
}

profile_file <- function(directory, key) {
  file.path(path.expand(directory), paste0(native(ms_fingerprint(charToRaw(key))), ".profile"))
}

# Reads a profile; `what` is what the file's name was given as.
load_profile <- function(file, what, call) {
  file <- path.expand(check_string(file, what, call))
  if (!file.exists(file)) abort("profile", sprintf("%s: there is no file '%s'; memSaveProfile() writes one", what, file), path = file, call = call)
  new_profile(native(ms_profile_load(file), call))
}

# A profile from what native code gives.
new_profile <- function(native, names = NULL) {
  native$pass <- NULL
  structure(c(native, list(names = names)), class = "memshare_profile")
}
