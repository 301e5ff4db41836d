"""Keras: see ``adapter``."""
