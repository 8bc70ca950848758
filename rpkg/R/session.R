# What of the user's session a worker must have to be like it, beside what a pass carries.

# Functions that only the session defines and that FUN may reach by dispatch: S4 and reference class methods, registered S3 methods. What
# they use of the global environment has to travel as well.
session_functions <- function() list()
