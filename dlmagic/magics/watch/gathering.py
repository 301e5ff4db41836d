"""Putting what was measured of one step together into a sample."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.measures import Measured
from dlmagic.magics.watch.pieces import Pieces, joined, rows_of
from dlmagic.magics.watch.sample_result import QUANTITIES, STATISTICS, Quantity, Row, Sample

WINDOW, FEWEST = 16, 4
"""A unit is dead that was zero in all samples of a window, which has at least so many."""

_RATIO, _DEAD, _NORM = map(STATISTICS.index, ("ratio", "dead", "norm"))


@dataclass(frozen=True)
class Key:
    """What a row is of.

    Attributes:
        layer: The layer's path.
        quantity: What is measured.
        parameter: The parameter's name; empty for outputs.
    """

    layer: str
    quantity: Quantity
    parameter: str = ""


@dataclass(frozen=True)
class About:
    """What is known of a layer: class, other paths, parameters' names, its end, and groups."""

    kind: str
    also: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    activation: str = ""
    groups: int = 0


@dataclass(frozen=True, eq=False)
class Piece:
    """One array that was measured: an output of one call, or a parameter.

    Attributes:
        key: Its row.
        shape: Its shape.
        units: Which units of an output were anything but zero; None where it cannot have dead ones.
    """

    key: Key
    shape: tuple[int, ...] = ()
    units: NDArray[np.bool_] | None = None


class Gathering:
    """Makes samples of one model.

    Args:
        exact: Whether all values are looked at.
    """

    def __init__(self, *, exact: bool) -> None:
        self.exact = exact
        self._rows: tuple[Row, ...] = ()
        self._active: dict[str, deque[NDArray[np.bool_]]] = {}

    def sample(
        self,
        step: int,
        pieces: Sequence[Piece],
        measured: Sequence[Measured],
        layers: Mapping[str, About],
        chosen: Collection[str],
        among: Sequence[int] | None = None,
    ) -> Sample:
        """One step's sample.

        Args:
            step: The step.
            pieces: What was measured.
            measured: The numbers, whose rows are the pieces one after the other.
            layers: All layers in the model's order.
            chosen: Those that are wanted.
            among: Places of the pieces that are to be shown; all by default.
        """
        shown = range(len(pieces)) if among is None else among
        wanted = [place for place in shown if pieces[place].key.layer in chosen]
        found = {pieces[place].key: pieces[place] for place in wanted}
        keys = _in_order(found, layers)
        rows = {key: row for row, key in enumerate(keys)}
        owners = np.array([rows[pieces[place].key] for place in wanted], np.int64)
        values, histograms = rows_of(_pieces(owners, wanted, measured), len(keys))
        self._settle(tuple(_row(key, found[key].shape, layers[key.layer]) for key in keys))
        for key, row in rows.items():
            values[row, _RATIO] = _ratio(key, rows, values)
        for layer, share in self._dead([pieces[place] for place in wanted]).items():
            values[rows[Key(layer, "activation")], _DEAD] = share
        calls = np.bincount(owners, minlength=len(keys)).astype(np.uint32)
        calls[[bool(key.parameter) for key in keys]] = 0
        return Sample(step, self._rows, values, histograms, self.exact, calls)

    def _settle(self, rows: tuple[Row, ...]) -> None:
        if rows != self._rows:
            self._rows = rows

    def _dead(self, pieces: Sequence[Piece]) -> dict[str, float]:
        now: dict[str, NDArray[np.bool_]] = {}
        for piece in pieces:
            if piece.units is not None and piece.key.quantity == "activation":
                before = now.get(piece.key.layer, piece.units)
                fits = before.shape == piece.units.shape
                now[piece.key.layer] = before | piece.units if fits else piece.units
        return {layer: self._share(layer, units) for layer, units in now.items()}

    def _share(self, layer: str, units: NDArray[np.bool_]) -> float:
        window = self._active.setdefault(layer, deque(maxlen=WINDOW))
        if window and window[-1].shape != units.shape:
            window.clear()
        window.append(units)
        few = len(window) < FEWEST
        return float("nan") if few else float(1 - np.logical_or.reduce(list(window)).mean())


def _in_order(keys: Collection[Key], layers: Mapping[str, About]) -> list[Key]:
    places = {name: place for place, name in enumerate(layers)}

    def order(key: Key) -> tuple[int, int, int]:
        parameters = layers[key.layer].parameters
        parameter = parameters.index(key.parameter) + 1 if key.parameter in parameters else 0
        return places[key.layer], parameter, QUANTITIES.index(key.quantity)

    return sorted(keys, key=order)


def _row(key: Key, shape: tuple[int, ...], about: About) -> Row:
    activation = "" if key.parameter else about.activation
    groups = 0 if key.parameter else about.groups
    return Row(
        key.layer, about.kind, key.quantity, key.parameter, shape, about.also, activation, groups
    )


def _pieces(
    owners: NDArray[np.int64], wanted: Sequence[int], measured: Sequence[Measured]
) -> Pieces:
    parts = [
        Pieces(
            np.zeros(len(each.totals), np.int64),
            each.totals.astype(np.float64),
            each.seen(),
            each.moments(),
            each.histograms(),
        )
        for each in measured
    ]
    whole = joined(parts)
    chosen = np.array(wanted, np.int64)
    return Pieces(
        owners,
        whole.totals[chosen],
        whole.seen[chosen],
        whole.moments[chosen],
        whole.histograms[chosen],
    )


def _ratio(key: Key, rows: Mapping[Key, int], values: NDArray[np.float32]) -> float:
    weight = rows.get(Key(key.layer, "weight", key.parameter))
    if key.quantity != "update" or weight is None:
        return float("nan")
    norm = values[weight, _NORM]
    return float(values[rows[key], _NORM] / norm) if norm else float("nan")
