"""Whether copies of one model are still the same on all ranks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dlmagic.display.units import count
from dlmagic.finding import Finding, Fix
from dlmagic.magics.watch.sample_result import STATISTICS, Sample

_COMPARED = [STATISTICS.index(name) for name in ("mean", "std", "norm")]
_NORM = STATISTICS.index("norm")
_APART = 1e-4
"""Share of a norm; what rounds in another order on another host stays below that."""
_ADVICE = (
    "Average the gradients of all ranks before each step, as DistributedDataParallel of PyTorch "
    "or MultiWorkerMirroredStrategy of TensorFlow do; ranks that train by themselves may go apart."
)


class Apart:
    """Compares the weights of ranks, and tells of the first that are not the same any more."""

    def __init__(self) -> None:
        self.finding: Finding | None = None

    def look(self, model: str, samples: Mapping[int, Sample]) -> None:
        """Compare what ranks have measured in one step.

        Args:
            model: What it is called.
            samples: By rank.
        """
        if self.finding is not None or len(samples) < 2:
            return
        first, *others = samples.items()
        for rank, sample in others:
            row = _first_apart(first[1], sample)
            if row is not None:
                self.finding = _finding(model, row, first, (rank, sample))
                return


def _first_apart(one: Sample, other: Sample) -> int | None:
    """The first row of a weight that is not the same; None where all are, or rows are others."""
    if len(one.rows) != len(other.rows):
        return None
    left, right = one.values[:, _COMPARED], other.values[:, _COMPARED]
    size = np.maximum(np.abs(one.values[:, [_NORM]]), np.abs(other.values[:, [_NORM]]))
    with np.errstate(invalid="ignore"):
        apart = (np.abs(left - right) > _APART * size).any(axis=1)
    weights = (row for row in np.flatnonzero(apart) if one.rows[row].quantity == "weight")
    return next((int(row) for row in weights if one.rows[row] == other.rows[row]), None)


def _finding(model: str, place: int, one: tuple[int, Sample], other: tuple[int, Sample]) -> Finding:
    row = one[1].rows[place]
    path = ".".join(filter(None, (row.layer, row.parameter)))
    norms = [float(sample.values[place, _NORM]) for _, sample in (one, other)]
    return Finding(
        "ranks-apart",
        "hint",
        f"At step {count(one[1].step)}, {path} of {model} is not the same on all ranks: its norm "
        f"is {norms[0]:.6g} on rank {one[0]} and {norms[1]:.6g} on rank {other[0]}.",
        operands=(row.layer,),
        fix=Fix(_ADVICE),
        ranks=(one[0], other[0]),
    )
