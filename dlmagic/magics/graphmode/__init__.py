"""The room of ``%%graphmode``: what a graph does to a cell."""
