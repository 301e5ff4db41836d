"""Loops of TensorFlow with a ``GradientTape``."""
