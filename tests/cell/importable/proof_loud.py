"""A module that is heard when it is imported."""

print("proof_loud is imported")
volume = 11
