"""The parameters one by one."""

from __future__ import annotations

import math

from dlmagic.display.parts import Column, Fold, Span, Table, sentence
from dlmagic.display.units import count, plural
from dlmagic.magics.watch.layer_table import name_of, number
from dlmagic.magics.watch.result import WatchResult
from dlmagic.magics.watch.sample_result import STATISTICS, Quantity, Row, Statistic

_MOST = 60

_FIGURES: tuple[tuple[str, Quantity, Statistic], ...] = (
    ("norm", "weight", "norm"),
    ("std", "weight", "std"),
    ("gradient norm", "gradient", "norm"),
    ("update ratio", "update", "ratio"),
)


def parameters_of(result: WatchResult) -> Fold | None:
    """All parameters that were measured, behind one line; None where there are none."""
    rows = [row for row in result.rows if row.quantity == "weight"]
    if not rows:
        return None
    figures = _Figures(result)
    heads = (Column(title, numeric=True) for title, _, _ in _FIGURES)
    columns = (Column("parameter"), Column("shape"), *heads)
    shown = tuple(figures.row(row) for row in rows[:_MOST])
    more = len(rows) - len(shown)
    last = sentence(f"And {count(more)} more; .rows and .values have them.", role="note")
    table = Table("Parameters, as last measured", columns, shown)
    parts = (table, last) if more > 0 else (table,)
    return Fold(plural(len(rows), "parameter"), parts, instead=".rows and .values have them")


class _Figures:
    """Finds the figures of a parameter, whatever row they stand in."""

    def __init__(self, result: WatchResult) -> None:
        self._values = result.values.array
        self._places = {
            (row.layer, row.parameter, row.quantity): place for place, row in enumerate(result.rows)
        }

    def row(self, row: Row) -> tuple[Span, ...]:
        path = f"{row.layer}.{row.parameter}" if row.layer else row.parameter
        shape = "x".join(map(str, row.shape)) or "one number"
        values = (self._figure(row, quantity, each) for _, quantity, each in _FIGURES)
        return (Span(name_of(path)), Span(shape), *map(Span, values))

    def _figure(self, row: Row, quantity: Quantity, statistic: Statistic) -> str:
        place = self._places.get((row.layer, row.parameter, quantity))
        if place is None:
            return number(None)
        value = float(self._values[place, STATISTICS.index(statistic)])
        return number(None if math.isnan(value) else value)
