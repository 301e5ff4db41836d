"""A module that is found only when its directory is on the path."""

v = 5
