"""``%%dlbench``: what is faster, by how much, how surely, and whether the answers agree."""
