"""``%gpus check``: does a framework see the device, and if not, why."""
