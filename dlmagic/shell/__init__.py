"""The IPython side that all magics share."""
