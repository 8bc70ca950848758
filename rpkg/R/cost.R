# What a pass is told its elements cost: by memControl(cost = ) or memControl(profile = ).

# The setting `cost`: numbers, or a function of the element's number. Numbers are checked at once, their count when there is a pass.
check_cost <- function(cost, call) {
  if (is.null(cost) || is.function(cost)) return(cost)
  if (!is.numeric(cost) || is.object(cost)) {
    abort_input(
      sprintf("cost must be numbers, one for each element, or a function of the element's number, not %s", describe(cost)), call
    )
  }
  check_cost_values(as.double(cost), "cost", call)
}

check_cost_values <- function(cost, what, call) {
  bad <- which(!is.finite(cost) | cost < 0)
  if (length(bad)) {
    abort_input(
      sprintf(
        "%s must be finite numbers that are not negative; that of element %d is %s", what, bad[[1L]], format(cost[[bad[[1L]]]])
      ), call
    )
  }
  cost
}

# The setting `profile`: NULL, FALSE, a profile, or the name of a file.
check_profile <- function(profile, call) {
  if (is.null(profile) || isFALSE(profile)) return(profile)
  if (is.character(profile)) return(load_profile(profile, "profile", call))
  if (!inherits(profile, "memshare_profile")) {
    abort_input(
      sprintf("profile must be what memProfile() gives, a file of memSaveProfile(), or FALSE, not %s", describe(profile)), call
    )
  }
  check_whole_profile(profile, "profile", call)
}

check_whole_profile <- function(profile, what, call) {
  costs <- unclass(profile)$costs
  if (!is.double(costs)) abort("profile", sprintf("%s is no whole profile, for it has no costs: give it as memProfile() gave it", what), call = call)
  check_cost_values(costs, paste("the costs of", what), call)
  profile
}

# What the settings say of a pass of `n` elements: list(cost, seconds), or NULL for nothing.
said_costs <- function(control, n, call) {
  if (is.null(control$cost)) {
    if (is.null(control$profile) || isFALSE(control$profile)) return(NULL)
    costs <- unclass(control$profile)$costs
    if (length(costs) != n) {
      abort(
        "profile", sprintf(
          "memControl(profile = ): the profile is one of %s, but this call has %s", count_of(length(costs), "element"),
          count_of(n, "element")
        ), call = call
      )
    }
    return(list(cost = costs, seconds = TRUE))
  }
  cost <- control$cost
  if (is.function(cost)) cost <- computed_costs(cost, n, call)
  if (length(cost) != n) {
    abort_input(
      sprintf("memControl(cost = ) has %s, but this call has %s", count_of(length(cost), "number"), count_of(n, "element")), call
    )
  }
  list(cost = cost, seconds = FALSE)
}

# `cost(i)` for each element: asked for all at once if it can do that, else one by one.
computed_costs <- function(cost, n, call) {
  index <- as.double(seq_len(n))
  all <- tryCatch(suppressWarnings(cost(index)), error = function(e) NULL)
  if (!is.numeric(all) || length(all) != n) {
    one <- function(i) {
      value <- tryCatch(cost(i), error = function(e) {
        abort_input(sprintf("the function given as cost failed at element %.0f: %s", i, conditionMessage(e)), call)
      })
      if (!is.numeric(value) || length(value) != 1L) {
        abort_input(sprintf("the function given as cost must give one number; for element %.0f it gave %s", i, describe(value)), call)
      }
      as.double(value)
    }
    all <- vapply(index, one, 0)
  }
  check_cost_values(as.double(all), "what the function given as cost gives", call)
}

# schedule = "profiled" needs something to go by.
check_profiled <- function(pass, label, call) {
  if (pass$control$schedule != "profiled" || !is.null(pass$costs) || pass$n == 0 || pass$verb == "reduce") return(invisible())
  if (!is.null(known_profile(key_of(pass), pass$n, call))) return(invisible())
  abort(
    "profile", sprintf(
      "schedule = \"profiled\", but nothing is known of what the elements%s cost: give memControl(cost = ) or memControl(profile = ), or %s",
      if (nzchar(label)) sprintf(" of pass '%s'", label) else "", "run it once with schedule = \"auto\" before, which leaves a profile"
    ), pass = label, call = call
  )
}
