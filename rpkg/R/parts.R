# Parts that native code takes out of what R serializes (codec/outline.rs): placeholders in the value, put back after it. Parts are big
# data, and the cells of pairlists and calls that are too long for unserialize().

# For serialize(refhook = ): the number of the part that an environment stands for; NULL for any other.
part_number <- function(object) attr(object, "memshare_part", exact = TRUE)

# For unserialize(refhook = ): gives the parts by number.
part_reader <- function(parts) {
  force(parts)
  function(number) {
    switch(number, pairlist = of_cells(parts[[1L]], as.pairlist), call = of_cells(parts[[1L]], as.call), parts[[as.integer(number)]])
  }
}

of_cells <- function(items, make) {
  kept <- attributes(items)
  attributes(items) <- NULL
  value <- make(items)
  attributes(value) <- kept
  value
}
