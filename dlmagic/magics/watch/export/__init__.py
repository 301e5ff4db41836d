"""``--to``: what was measured, written where other programs show it."""
