"""TensorFlow: see ``adapter``."""
