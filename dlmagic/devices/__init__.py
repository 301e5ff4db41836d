"""Readings of the machine and its devices: a value or a reason, never a made-up zero."""
