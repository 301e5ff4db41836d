"""How a user says that a line is as it should be."""

SILENCED = "# dlmagic: ok"
"""A comment on the line, for explanations and silent mistakes alike."""
