"""A package with a module inside a package."""

print("proof_package is imported")
