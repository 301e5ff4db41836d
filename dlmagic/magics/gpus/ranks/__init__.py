"""``%gpus --on``: the GPUs of all hosts of a cluster, and one for each of its engines."""
