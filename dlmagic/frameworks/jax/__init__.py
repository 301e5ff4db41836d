"""JAX: see ``adapter``."""
