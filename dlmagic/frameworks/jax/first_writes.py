"""Copying arrays before a cell that may delete them, and bringing those back that it did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dlmagic.frameworks.jax import donation
from dlmagic.frameworks.jax.state import SavedArray, SavedDonating
from dlmagic.frameworks.protocol import Saved


@contextmanager
def first_writes(saved: Sequence[Saved], cell_text: str) -> Iterator[None]:
    """While active, arrays may be deleted; afterwards they are back, the same objects.

    Only where the cell's text, a function or a compiled function that it reaches speaks of
    donating is anything copied.
    """
    arrays = [item for item in saved if isinstance(item, SavedArray)]
    if not _may_donate(saved, cell_text):
        yield
        return
    for item in arrays:
        item.keep()
    try:
        yield
    finally:
        for item in arrays:
            item.restore()


def _may_donate(saved: Sequence[Saved], cell_text: str) -> bool:
    told = any(isinstance(item, SavedDonating) for item in saved)
    return told or "donat" in cell_text or donation.is_mentioned()
