"""Readings of the machine and its devices: each a value, or None where nobody can tell."""
