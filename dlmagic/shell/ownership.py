"""Which objects of a shell are ours."""

from __future__ import annotations


def belongs_to_dlmagic(value: object) -> bool:
    """Whether the value, or the object that it is a method of, is of a class of dlmagic."""
    owner = getattr(value, "__self__", value)
    return type(owner).__module__.partition(".")[0] == "dlmagic"
