# Goes on with the jump that the last native call was left by. Called by `native()` alone, at once.
ms_resume <- function() .Call(wrap__ms_resume)

# Registers the items of a named list as variables: all or, on a failure, none.
ms_register <- function(namespace_, variables) .Call(wrap__ms_register, namespace_, variables)

# Views of registered variables, in a named list. Each has a mapping of its own.
ms_retrieve <- function(namespace_, variables) .Call(wrap__ms_retrieve, namespace_, variables)

# Drops this session's claim on views: of all names or, when one is not held, of none. What R still holds stays readable.
ms_release_views <- function(namespace_, variables) .Call(wrap__ms_release_views, namespace_, variables)

# Releases variables of this session: all or, on a failure, none. The memory goes with the last view.
ms_release_variables <- function(namespace_, variables) .Call(wrap__ms_release_variables, namespace_, variables)

# What a registered variable is: type, class, length, dim, bytes, owner's process id.
ms_metadata <- function(namespace_, variable) .Call(wrap__ms_metadata, namespace_, variable)

# `namespace.variable` of each view that this session retrieved and did not release.
ms_view_list <- function() .Call(wrap__ms_view_list)

# `namespace.variable` of each variable that this session registered.
ms_page_list <- function() .Call(wrap__ms_page_list)

# Whether a value is a view or has one in it.
ms_is_view <- function(x) .Call(wrap__ms_is_view, x)

# Clears away what dead sessions left; gives the segments' names.
ms_prune <- function() .Call(wrap__ms_prune)

# Sets the directory that pages go to when memory is short; NULL for none.
ms_set_place <- function(directory) .Call(wrap__ms_set_place, directory)

# Gives back all that this session shares. At unload and at R's end.
ms_cleanup <- function() .Call(wrap__ms_cleanup)

# How workers are started from now on. A running pool is stopped.
ms_pool_configure <- function(config) .Call(wrap__ms_pool_configure, config)

# Who is in the pool.
ms_pool_status <- function() .Call(wrap__ms_pool_status)

# Ends the workers.
ms_pool_stop <- function() .Call(wrap__ms_pool_stop)

# Begins a run of R's specification; its number.
ms_run_begin <- function(spec) .Call(wrap__ms_run_begin, spec)

# Asks a run to stop.
ms_run_cancel <- function(id) .Call(wrap__ms_run_cancel, id)

# What came of an ended run. Its pages are given back; views onto results keep their memory.
ms_run_collect <- function(id, mode) .Call(wrap__ms_run_collect, id, mode)

# Where nodes of the user's cluster join a run.
ms_run_join_address <- function(id) .Call(wrap__ms_run_join_address, id)

# Waits up to so many milliseconds; whether the run has ended. Left by R's jump on Ctrl-C.
ms_run_wait <- function(id, milliseconds) .Call(wrap__ms_run_wait, id, milliseconds)

# Waits for the next run. NULL when this process should leave.
ms_worker_next <- function() .Call(wrap__ms_worker_next)

# Calls FUN on element after element, chunk after chunk, until the run is over. Left by R's jump when FUN fails.
ms_worker_loop <- function(call, frame, setter) .Call(wrap__ms_worker_loop, call, frame, setter)

# Takes a warning or message of the element under way.
ms_worker_condition <- function(condition) .Call(wrap__ms_worker_condition, condition)

# Reports an error: of the element under way, or of getting ready when none is. With on_error = "collect", the condition
# of an element becomes its result, and TRUE says that the loop can be entered again.
ms_worker_failed <- function(condition, calls) .Call(wrap__ms_worker_failed, condition, calls)

# Takes no further part in the run and waits for its end.
ms_worker_done <- function() .Call(wrap__ms_worker_done)

# Makes this process a worker of the session that listens at `path`.
ms_worker_join <- function(path) .Call(wrap__ms_worker_join, path)

# Ends what `ms_worker_join()` began.
ms_worker_leave <- function() .Call(wrap__ms_worker_leave)

