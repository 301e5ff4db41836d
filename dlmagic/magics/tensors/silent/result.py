"""What ``%%tensors`` returns: the mistakes that it saw, and how much it has seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dlmagic.result import Result


@dataclass(frozen=True)
class RankSeen:
    """How much was seen on one rank.

    Attributes:
        rank: Its place in the view.
        host: Where it runs.
        steps: Steps of optimisers that were seen.
        operations: Operations that were seen.
    """

    rank: int
    host: str
    steps: int
    operations: int


@dataclass(frozen=True, repr=False, kw_only=True)
class SilentMistakes(Result):
    """What was seen while a cell ran; :attr:`findings` are the mistakes.

    Attributes:
        steps: Steps of optimisers that were seen.
        operations: Operations that were seen.
        complete: Whether the whole cell was; a few steps are enough.
        hints: How many likely mistakes were left out, for want of ``--hints``.
        imported: Frameworks that the cell itself has imported: it ran unwatched in them.
        failed: What could not be looked for, by an error of dlmagic's own.
        watched: Whether the cell was watched; else only what an ordinary cell left was looked at.
        ranks: What each rank of a cluster has seen; empty for a cell that ran here. What is said
            above is then of the rank that has seen most.
    """

    view: ClassVar[str] = "dlmagic.magics.tensors.silent.view"

    steps: int = 0
    operations: int = 0
    complete: bool = True
    hints: int = 0
    imported: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    watched: bool = True
    ranks: tuple[RankSeen, ...] = ()
