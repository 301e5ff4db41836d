"""Steps in which an optimiser only adds gradients up, and so changes no weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlmagic.magics.watch.gathering import Piece
from dlmagic.magics.watch.measures import Measured

OF_EACH_BATCH = "Gradients are those of each batch, before the optimiser adds them up."


def adds_up(optimizer: Any) -> bool:
    """Whether an optimiser changes weights only in one step of several."""
    return bool(getattr(optimizer, "gradient_accumulation_steps", None))


def without_updates_of_none(
    pieces: Sequence[Piece], measured: Sequence[Measured], places: Sequence[int]
) -> Sequence[int]:
    """Those of the places that tell something: updates do not where nothing has changed.

    Args:
        pieces: What was measured of a step.
        measured: The numbers.
        places: Places of the pieces.
    """
    counts = np.concatenate([each.counts[:, :4] for each in measured])
    updates = [at for at, piece in enumerate(pieces) if piece.key.quantity == "update"]
    all_are_zero = bool((counts[updates, 0] == counts[updates, 1:].sum(axis=1)).all())
    return [at for at in places if at not in updates] if all_are_zero else places
