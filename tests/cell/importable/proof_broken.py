"""A module that prints, and then fails to import."""

print("proof_broken begins")
raise RuntimeError("this module is broken")
