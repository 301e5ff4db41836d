"""What a cell of the corpus is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CorpusCell:
    """One cell that is run plainly and through the machinery.

    Attributes:
        name: What it is about; unique.
        text: The cell as the user types it.
        setup: An earlier cell, run plainly in both worlds.
        after: A later cell, run plainly in both worlds.
        needs: Packages without which the cell is skipped.
    """

    name: str
    text: str
    setup: str = ""
    after: str = ""
    needs: tuple[str, ...] = ()
