"""``%%tensors --on`` and explanations of errors on the engines of a cluster."""
