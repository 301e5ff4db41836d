"""The room of ``%gpus``: which devices there are, who uses them, and which are free."""
