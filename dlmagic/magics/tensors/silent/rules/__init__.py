"""One file for each mistake that raises nothing."""
