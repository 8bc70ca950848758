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

