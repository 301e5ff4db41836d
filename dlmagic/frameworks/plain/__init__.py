"""Plain Python and NumPy: see ``adapter``."""
