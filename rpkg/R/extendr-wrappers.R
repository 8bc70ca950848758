ms_resume <- function() .Call(wrap__ms_resume)

