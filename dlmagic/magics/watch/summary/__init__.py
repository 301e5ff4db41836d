"""``%summary``: every layer call of a model with its shapes, parameters, FLOPs, bytes and times."""
