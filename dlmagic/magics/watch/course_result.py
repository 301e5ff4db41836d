"""One statistic of one layer over time, found by the words that a user has for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dlmagic.errors import InputError, nearest
from dlmagic.magics.watch.sample_result import QUANTITIES, STATISTICS, Quantity, Row

_QUANTITY_OF: dict[str, Quantity] = {"norm": "gradient", "ratio": "update"}


class Course(NamedTuple):
    """One statistic over time; ``plt.plot(*course)`` draws it.

    Attributes:
        steps: Where each point begins; a point of a long course stands for some samples.
        values: NaN where it was not measured.
    """

    steps: NDArray[np.int64]
    values: NDArray[np.float32]


def course_of(
    rows: Sequence[Row],
    steps: NDArray[np.int64],
    courses: NDArray[np.float32],
    layer: str,
    statistic: str,
    quantity: str | None,
) -> Course:
    """The course that is meant.

    Args:
        rows: What was measured.
        steps: Where each point begins.
        courses: ``[row, statistic, point]``.
        layer: Path of a layer, or of one of its parameters.
        statistic: One of ``STATISTICS``; the ``"norm"`` and the ``"ratio"`` of a layer are of all
            its parameters together.
        quantity: One of ``QUANTITIES``; None for what is usual.

    Raises:
        InputError: There is no such layer, statistic or quantity.
    """
    _require(statistic, STATISTICS, "statistic")
    if quantity is not None:
        _require(quantity, QUANTITIES, "quantity")
    places = _places(rows, layer, statistic, quantity)
    first = rows[places[0]]
    if statistic == "ratio" and first.quantity == "update" and layer in (first.layer, *first.also):
        own = [k for k, row in enumerate(rows) if row.layer == first.layer]
        weights = [k for k in own if rows[k].quantity == "weight"]
        return Course(steps, _ratios(courses[:, STATISTICS.index("norm")], places, weights))
    found = courses[places, STATISTICS.index(statistic)]
    return Course(steps, _joined(found, statistic))


def _require(word: str, valid: Sequence[str], what: str) -> None:
    if word not in valid:
        raise InputError(f"There is no {what} {word!r}.", nearest(word, valid))


def _places(rows: Sequence[Row], layer: str, statistic: str, quantity: str | None) -> list[int]:
    """The rows that are meant: several where a layer has several parameters."""
    of_layer = [k for k, row in enumerate(rows) if layer in (row.layer, *row.also)]
    of_parameter = [k for k, row in enumerate(rows) if row.parameter and layer == _path(row)]
    if not of_layer and not of_parameter:
        names = dict.fromkeys(row.layer for row in rows if row.layer)
        raise InputError(f"No layer {layer!r} was measured.", nearest(layer, names))
    usual: Quantity = "gradient" if of_parameter and not of_layer else "activation"
    wanted = quantity or _QUANTITY_OF.get(statistic, usual)
    found = [k for k in (of_layer or of_parameter) if rows[k].quantity == wanted]
    if not found:
        kinds = dict.fromkeys(rows[k].quantity for k in (of_layer or of_parameter))
        raise InputError(f"Of {layer!r}, no {wanted} was measured.", nearest(wanted, kinds))
    return found


def _path(row: Row) -> str:
    return f"{row.layer}.{row.parameter}" if row.layer else row.parameter


def _ratios(
    norms: NDArray[np.float32], updates: list[int], weights: list[int]
) -> NDArray[np.float32]:
    """The norms of updates in norms of weights, of all parameters together as in the table."""
    update, weight = _joined(norms[updates], "norm"), _joined(norms[weights], "norm")
    found: NDArray[np.float32] = np.divide(
        update, weight, out=np.full_like(update, np.nan), where=weight > 0
    )
    return found


def _joined(courses: NDArray[np.float32], statistic: str) -> NDArray[np.float32]:
    """One course of those of several parameters."""
    if len(courses) == 1:
        alone: NDArray[np.float32] = courses[0]
        return alone
    unknown = np.isnan(courses).all(axis=0)
    match statistic:
        case "norm":
            joint = np.sqrt(np.nansum(np.square(courses, dtype=float), axis=0))
        case "min":
            joint = np.fmin.reduce(courses)
        case "nan" | "inf" | "seen" | "total":
            joint = np.nansum(courses, axis=0)
        case _:
            joint = np.fmax.reduce(courses)
    return np.where(unknown, np.nan, joint).astype(np.float32)
