"""What is wrong with a training run, told from what was measured of it."""
