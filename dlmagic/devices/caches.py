"""The caches of the processor, as Linux lists them, and how to fill them with other data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

_LISTED = Path("/sys/devices/system/cpu/cpu0/cache")
_UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3}

USUAL_SIZE = 64 * 1024**2
"""Bytes of a last-level cache where its size is not listed; few processors have more."""
_LARGEST_BUFFER = 1024**3
_PASSES = 2  # a cache may keep a part of what a single pass writes over


def last_level_bytes(listed: Path = _LISTED) -> int | None:
    """Bytes of the largest cache of the first core; None where they are not listed."""
    sizes = []
    for entry in sorted(listed.glob("index*")):
        try:
            kind = (entry / "type").read_text().strip()
            size = _in_bytes((entry / "size").read_text().strip())
        except (OSError, ValueError):
            continue
        if kind != "Instruction":
            sizes.append(size)
    return max(sizes, default=None)


def cache_bytes() -> int:
    """Bytes of the last-level cache, or the usual size where it is not listed."""
    return last_level_bytes() or USUAL_SIZE


def overwriting(size: int) -> Callable[[], None]:
    """A function that fills caches of this size with data of its own, in main memory.

    Args:
        size: Bytes of the cache; twice as many are written, 1 GiB at most.
    """
    buffer = np.zeros(min(2 * size, _LARGEST_BUFFER), np.uint8)

    def overwrite() -> None:
        for _ in range(_PASSES):
            buffer.fill(buffer[0] ^ 1)

    return overwrite


def overwritten_bytes(size: int) -> int:
    """How many bytes :func:`overwriting` writes for a cache of this size."""
    return min(2 * size, _LARGEST_BUFFER)


def _in_bytes(text: str) -> int:
    """Bytes of a size such as ``32768K``."""
    if text and text[-1] in _UNITS:
        return int(text[:-1]) * _UNITS[text[-1]]
    return int(text)
