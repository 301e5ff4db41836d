"""``%gpus live``: memory, utilisation and temperature of the devices over time."""
