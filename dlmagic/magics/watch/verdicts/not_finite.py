"""Values that are not finite, where no watcher has told who made them."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.magics.watch.sample_result import Quantity
from dlmagic.magics.watch.verdicts.symptom import Symptom, named
from dlmagic.magics.watch.verdicts.table import Line, Table

_LEARNED: tuple[Quantity, ...] = ("gradient", "weight", "update")
"""Outputs may hold the infinities of a mask."""
_ADVICE = "Watch with --stop-on nan, so that the run ends there with the model as it is."


class NotFinite:
    """Waits a little for the watcher to name the culprit, which it can do two steps later."""

    def __init__(self) -> None:
        self._seen = 0
        self.is_told = False

    def look(self, table: Table) -> Iterator[Symptom]:
        """The first layer with such values, should nobody have told of them."""
        sample = table.sample
        if not (sample.column("nan") > 0).any() and not (sample.column("inf") > 0).any():
            return  # of a sound sample no row has to be looked at
        first = next(filter(_is_bad, _learned(table)), None)
        if first is None or self.is_told:
            return
        self._seen += 1
        if self._seen == 3:
            yield _symptom(first)


def _learned(table: Table) -> Iterator[Line]:
    return (line for quantity in _LEARNED for line in table.of(quantity))


def _is_bad(line: Line) -> bool:
    return line.get("nan") > 0 or line.get("inf") > 0


def _symptom(line: Line) -> Symptom:
    row = line.row
    return Symptom(
        "not-finite",
        "error",
        row.layer,
        row.kind,
        line.table.step,
        f"the {row.quantity} of {row.parameter} in {named(row.layer, row.kind)} is not finite: "
        f"{line.get('nan'):,.0f} NaN and {line.get('inf'):,.0f} Inf among "
        f"{line.get('seen'):,.0f} values (limit 0).",
        "have such values, too",
        _ADVICE,
    )
