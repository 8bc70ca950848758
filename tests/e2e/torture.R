# Every `.Call` and every ALTREP class, with R's collector at every 50th allocation; `make torture` has it at every one.
Sys.setenv(MEMSHARE_TORTURE = "50")
source("tests/native/entries.R")
