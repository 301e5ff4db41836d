"""How much energy a call takes: windows of seconds, since the counters are refreshed slowly."""

from __future__ import annotations

from collections.abc import Sequence

from dlmagic.devices.nvml import EnergyMeter
from dlmagic.devices.reading import Reason
from dlmagic.frameworks.costs import UsesGpus
from dlmagic.frameworks.protocol import Framework
from dlmagic.magics.bench.clock import Clock
from dlmagic.magics.bench.runner import Runner

_LOOKS = 20  # at the clock, in a window


def gpus_of(frameworks: Sequence[Framework]) -> Sequence[str] | Reason | None:
    """UUIDs of the GPUs that these frameworks use; None for all that the driver lists."""
    named: list[str] = []
    for framework in frameworks:
        if isinstance(framework, UsesGpus):
            gpus = framework.gpus_in_use()
            if gpus is None:
                return None
            named += gpus
    return list(dict.fromkeys(named)) or Reason("the cell uses no NVIDIA GPU")


def measure_energy(
    runner: Runner,
    meter: EnergyMeter,
    clock: Clock,
    *,
    per_call: float,
    gpus: Sequence[str] | None = None,
) -> float | Reason:
    """Joules per call, of the whole boards: what they take while idle is included.

    The calls follow each other, as in a loop; the state is put back before and after.

    Args:
        runner: What is called; it has been warmed up.
        meter: What counts.
        clock: Where time is read.
        per_call: About how many seconds a call takes.
        gpus: UUIDs of the boards; None for all.
    """
    batch = max(1, int(meter.window / _LOOKS / per_call))
    runner.restore()
    runner.run(1)
    runner.synchronise()
    before, start, calls = meter.joules(gpus), clock.now(), 0
    if isinstance(before, Reason):
        return before
    while clock.now() - start < meter.window:
        runner.run(batch)
        runner.synchronise()
        calls += batch
    after = meter.joules(gpus)
    runner.restore()
    if isinstance(after, Reason):
        return after
    grown = sum(after.get(board, before[board]) - before[board] for board in before)
    if grown <= 0:
        return Reason("the GPU's energy counter does not advance")
    return grown / calls
