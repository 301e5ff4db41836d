"""The arms that have a time: what the passes after timing go over."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from dlmagic.magics.bench.cell_runner import CellRunner
from dlmagic.magics.bench.contestants import Contestant
from dlmagic.magics.bench.costs import Costs
from dlmagic.magics.bench.measurement import Measurement


@dataclass(frozen=True)
class TimedArm:
    """One arm with its time.

    Attributes:
        runner: Runs it.
        costs: Where what is found out goes.
        median: Seconds a call, of the steady samples.
    """

    runner: CellRunner
    costs: Costs
    median: float

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self.runner.name


def timed_arms(
    contestants: Mapping[str, Contestant], measurement: Measurement
) -> tuple[TimedArm, ...]:
    """Those that did not fail and have at least one sample."""
    return tuple(
        TimedArm(
            contestant.runner,
            contestant.costs,
            statistics.median(measurement.steady_samples(name)),
        )
        for name, contestant in contestants.items()
        if contestant.runner is not None and measurement.samples(name)
    )
