"""The catalogue: one file for each rule that an error can break."""
