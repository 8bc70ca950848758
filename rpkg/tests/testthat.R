library(testthat)
library(memshare)

test_check("memshare")
