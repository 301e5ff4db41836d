"""Cells whose cost is known: they move a simulated clock, and cost no time of the machine's."""

from __future__ import annotations

import math
import statistics
from types import ModuleType

from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.magics.bench.engine import bench_cell
from dlmagic.magics.bench.measure import measure
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult
from dlmagic.magics.bench.sweep.result import Curve
from dlmagic.magics.bench.sweep.values import read_sweep
from tests.magics.bench.simulated import FakeRunner, Machine, Noise

NUMBERS = (64, 128, 256, 512, 1024)
COSTS = {
    "n": lambda n: 1e-6 * n,
    "n log n": lambda n: 2e-7 * n * math.log(n),
    "n^2": lambda n: 1e-8 * n**2,
}


def planted(cell: str, sweep: str, noise: Noise | None = None, seconds: float = 2) -> BenchResult:
    """The sweep of a cell in which ``clock.work(seconds)`` takes that long."""
    machine = Machine(noise)
    clock = ModuleType("clock")  # what is inside a module is nobody's state
    clock.work = lambda seconds: machine.work(seconds)  # type: ignore[attr-defined]
    namespace = {"__name__": "__main__", "clock": clock}
    request = Request(
        CellSource.from_text(cell), namespace, sweep=read_sweep(sweep), seconds=seconds
    )
    return bench_cell(request, Surroundings(StreamOutput(), clock=machine))


def measured_curve(cost: str, noise: Noise, seed: int) -> Curve:
    """The times of a runner with a known cost, as a noisy machine shows them."""
    machine = Machine(noise, seed)
    medians = []
    for number in NUMBERS:
        runner = FakeRunner(machine, "arm", COSTS[cost](number))
        done = measure([runner], seconds=10, clock=machine, seed=seed, maximum_rounds=20)
        samples = done.steady_samples("arm")
        medians.append(statistics.median(samples))
    return Curve(
        arm="arm",
        numbers=tuple(map(float, NUMBERS)),
        medians=tuple(medians),
        intervals=(None,) * len(medians),
    )
