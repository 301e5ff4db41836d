"""``%gpus``: see, pick, keep and diagnose devices."""
