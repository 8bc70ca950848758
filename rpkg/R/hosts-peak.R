# The shared memory that one host of a plan's CLUSTER is expected to need, for explain().

# Said of a plan whose CLUSTER has several hosts, or NULL. It is that of a run on a virtual clock (memSimulate.R), in which FUN takes next to no time.
said_of_hosts <- function(plan, call) {
  made <- plan$main
  program <- made$program
  # A cluster that is gone is no reason not to explain the plan.
  hosts <- tryCatch(hosts_of(program$cluster, program$host_timeout, call), memshare_error_cluster = function(e) NULL)
  if (is.null(hosts) || !length(program$spec$gather)) return(NULL)
  workers <- max(vapply(hosts, workers_on, 0L, program$workers_per_host))
  model <- list(work = rep(list(1e-6), length(program$spec$passes)), known = FALSE, overhead = 0)
  counts <- list(hosts = as.double(length(hosts)), workers = as.double(workers))
  run <- native(ms_simulate_hosts(made$id, counts, "as planned", 0, model, list(bandwidth = 1e9, latency = 0)), call)
  unsure <- if (any(native_of(plan)$guessed > 0)) "~" else ""
  sprintf("  over %d hosts, up to %s each: peak %s%s a host", length(hosts), count_of(workers, "worker"), unsure, format_bytes(run$peak))
}
