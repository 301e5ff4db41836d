"""Keras models in ``fit`` and in loops of their own, on each backend."""
