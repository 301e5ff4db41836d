"""numba: see ``adapter``."""
