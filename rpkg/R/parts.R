# Big parts that native code takes out of what R serializes (codec/outline.rs): placeholders in the value, views again after it.

# For serialize(refhook = ): the number of the part that an environment stands for; NULL for any other.
part_number <- function(object) attr(object, "memshare_part", exact = TRUE)

# For unserialize(refhook = ): gives the parts by number.
part_reader <- function(parts) {
  force(parts)
  function(number) parts[[as.integer(number)]]
}
