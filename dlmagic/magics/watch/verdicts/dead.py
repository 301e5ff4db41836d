"""Units that are never active."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from dlmagic.display.units import percent
from dlmagic.magics.watch.sample_result import Row
from dlmagic.magics.watch.verdicts.limits import Limits
from dlmagic.magics.watch.verdicts.streaks import Streaks
from dlmagic.magics.watch.verdicts.symptom import Symptom, named
from dlmagic.magics.watch.verdicts.table import Floats, Places, Table

_ADVICE = (
    "Try a smaller learning rate, LeakyReLU or GELU, a bias that starts at zero, or normalisation "
    "before the activation."
)


class Dead:
    """Looks at the share of units that were zero throughout the window of samples."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._streaks = Streaks(limits)

    def look(self, table: Table) -> Iterator[Symptom]:
        """Layers most of whose units are dead."""
        places = table.of("activation")
        shares = _shares(table, places)
        known = ~np.isnan(shares)
        places, shares = places[known], shares[known]
        lasting = self._streaks.lasting(table, places, shares > self._limits.dead)
        if lasting.any():
            yield self._symptom(table, places[lasting], shares[lasting])

    def _symptom(self, table: Table, places: Places, shares: Floats) -> Symptom:
        says = partial(self._says, table.row(places[0]), float(shares[0]))
        return Symptom(
            "dead-units", "warning", table.layers(places), table.step, says, _ADVICE, lasts=True
        )

    def _says(self, row: Row, share: float) -> str:
        return (
            f"{percent(share)} of the units of {named(row)} are dead: zero for "
            f"every input of the last samples (limit {percent(self._limits.dead)})."
        )


def _shares(table: Table, places: Places) -> Floats:
    """Where units have not been followed, only a layer that is zero as a whole says enough."""
    shares = table.get(places, "dead")
    relu = np.isin(places, table.outline.where("activation", _is_relu), assume_unique=True)
    shares[np.isnan(shares) & relu & (table.get(places, "zeros") == 1)] = 1.0
    return shares


def _is_relu(row: Row) -> bool:
    return "relu" in row.kind.lower()
