"""Who made the first value that is not finite, found by running the step again."""
