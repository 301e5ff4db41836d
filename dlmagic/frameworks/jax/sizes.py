"""How many bytes something has, as people read it."""

from __future__ import annotations

_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def size_text(size: int) -> str:
    """A number of bytes with its unit.

    >>> size_text(40400)
    '40.4 kB'
    """
    for bytes_of_unit, unit in _UNITS:
        if size >= bytes_of_unit:
            return f"{size / bytes_of_unit:.3g} {unit}"
    return f"{size} bytes"
