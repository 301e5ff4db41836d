"""Rewriting a cell's source: only the statement that is mended, everything else as it stands."""
