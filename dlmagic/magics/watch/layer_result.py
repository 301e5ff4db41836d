"""The newest figures of each layer, its parameters taken together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.sample_result import STATISTICS, Quantity, Row, Statistic


@dataclass(frozen=True)
class LayerState:
    """One layer, as last measured; None where a figure was not.

    Attributes:
        layer: Its path in the model; empty for the model itself.
        kind: Its class.
        also: Other paths of the same layer.
        calls: How often it ran in the last step that was measured.
        activation_mean: Of its outputs.
        activation_std: Likewise.
        zeros: Share of its outputs that are zero.
        dead: Share of its units that were zero throughout the latest samples.
        activation_gradient: Standard deviation of the gradients that reach its outputs.
        gradient: Norm of the gradients of its parameters, all together.
        weight: Norm of its parameters, all together.
        update: By which share of that norm a step changed them.
        nan: How many NaN were seen in it, in all samples.
        inf: How many infinities.
        step: In which step it was last measured, which is before the newest where others have been
            chosen since; 0 where that was not kept.
    """

    layer: str
    kind: str
    also: tuple[str, ...] = ()
    calls: int = 0
    activation_mean: float | None = None
    activation_std: float | None = None
    zeros: float | None = None
    dead: float | None = None
    activation_gradient: float | None = None
    gradient: float | None = None
    weight: float | None = None
    update: float | None = None
    nan: int = 0
    inf: int = 0
    step: int = 0


def states_of(
    rows: Sequence[Row],
    values: NDArray[np.float32],
    calls: NDArray[np.uint32],
    bad: NDArray[np.float64],
    steps: NDArray[np.int64],
) -> tuple[LayerState, ...]:
    """One state for each layer that was measured, in the order of the rows.

    Args:
        rows: What was measured.
        values: As last measured, ``[row, statistic]``.
        calls: How often each row's layer ran.
        bad: How many NaN and infinities each row had in all samples, ``[row, 2]``.
        steps: In which step each row was last measured.
    """
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(row.layer, []).append(place)
    return tuple(
        _state(_Measured(rows, values, mine), calls, bad, int(steps[mine].max()))
        for mine in places.values()
    )


@dataclass(frozen=True)
class _Measured:
    """The rows of one layer."""

    rows: Sequence[Row]
    values: NDArray[np.float32]
    places: list[int]

    def all(self, quantity: Quantity, statistic: Statistic) -> list[float]:
        """What was measured of one quantity, one number for each parameter."""
        column = STATISTICS.index(statistic)
        mine = (place for place in self.places if self.rows[place].quantity == quantity)
        found = (float(self.values[place, column]) for place in mine)
        return [each for each in found if not math.isnan(each)]

    def one(self, quantity: Quantity, statistic: Statistic) -> float | None:
        """What was measured of the outputs."""
        return next(iter(self.all(quantity, statistic)), None)

    def norm(self, quantity: Quantity) -> float | None:
        """The norm of all parameters together; NaN where one of them is not finite."""
        return joint_norm(self.all(quantity, "norm"))


def joint_norm(norms: Iterable[float]) -> float | None:
    """The norm of several vectors as one; None of none."""
    known = list(norms)
    return math.hypot(*known) if known else None


def _state(
    measured: _Measured, calls: NDArray[np.uint32], bad: NDArray[np.float64], step: int
) -> LayerState:
    first = measured.rows[measured.places[0]]
    nan, inf = np.nansum(bad[measured.places], axis=0)
    weight, update = measured.norm("weight"), measured.norm("update")
    return LayerState(
        layer=first.layer,
        kind=first.kind,
        also=first.also,
        calls=int(calls[measured.places].max()),
        activation_mean=measured.one("activation", "mean"),
        activation_std=measured.one("activation", "std"),
        zeros=measured.one("activation", "zeros"),
        dead=measured.one("activation", "dead"),
        activation_gradient=measured.one("activation-gradient", "std"),
        gradient=measured.norm("gradient"),
        weight=weight,
        update=update / weight if update is not None and weight else None,
        nan=int(nan),
        inf=int(inf),
        step=step,
    )
