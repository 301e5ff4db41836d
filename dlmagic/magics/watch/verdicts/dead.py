"""Units that are never active."""

from __future__ import annotations

import math
from collections.abc import Iterator

from dlmagic.display.units import percent
from dlmagic.magics.watch.verdicts.limits import Limits
from dlmagic.magics.watch.verdicts.streaks import Streaks
from dlmagic.magics.watch.verdicts.symptom import Symptom, named
from dlmagic.magics.watch.verdicts.table import Line, Table

_ADVICE = (
    "Try a smaller learning rate, LeakyReLU or GELU, a bias that starts at zero, or normalisation "
    "before the activation."
)


class Dead:
    """Looks at the share of units that were zero throughout the window of samples."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._streaks = Streaks()

    def look(self, table: Table) -> Iterator[Symptom]:
        """Layers most of whose units are dead."""
        for line in table.activations:
            share = _share(line)
            if math.isnan(share):
                continue
            streak = self._streaks.count(line.key, share > self._limits.dead)
            if streak >= self._limits.patience and table.step > self._limits.first_steps:
                yield self._symptom(line, share)

    def _symptom(self, line: Line, share: float) -> Symptom:
        row = line.row
        return Symptom(
            "dead-units",
            "warning",
            row.layer,
            row.kind,
            line.table.step,
            f"{percent(share)} of the units of {named(row.layer, row.kind)} are dead: zero for "
            f"every input of the last samples (limit {percent(self._limits.dead)}).",
            "have as many",
            _ADVICE,
        )


def _share(line: Line) -> float:
    """Where units have not been followed, only a layer that is zero as a whole says enough."""
    dead = line.get("dead")
    if math.isnan(dead) and "relu" in line.row.kind.lower() and line.get("zeros") == 1:
        return 1.0
    return dead
