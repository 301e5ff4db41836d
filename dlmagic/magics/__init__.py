"""The magics, one room each."""
