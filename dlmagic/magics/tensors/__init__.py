"""Tensors of the notebook: a table of them, and the mistakes that are made with them."""
