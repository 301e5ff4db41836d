"""Mistakes that raise nothing: heard of while a cell runs, or seen in what it leaves."""
