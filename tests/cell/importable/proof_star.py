"""A module for star imports."""

__all__ = ["alpha", "beta", "shout"]

alpha = "alpha of proof_star"
beta = ["beta"]
hidden = "not for star imports"


def shout(text: str) -> str:
    return text.upper()
