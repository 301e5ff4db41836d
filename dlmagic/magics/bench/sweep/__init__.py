"""The same cell over and over, with one name bound to each value in turn."""
