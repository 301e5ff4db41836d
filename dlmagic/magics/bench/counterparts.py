"""Which arm of a baseline each arm of a benchmark is compared with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.baseline_result import Provenance, TimedCode
from dlmagic.magics.bench.inputs import same
from dlmagic.magics.bench.result import BenchResult


@dataclass(frozen=True)
class Counterpart:
    """The arm of the baseline that an arm of this benchmark is compared with.

    Attributes:
        saved: Its name there.
        same_code: Whether both are the same code with the same inputs, run in the same way.
    """

    saved: str
    same_code: bool = False


def timed(saved: BenchResult) -> dict[str, Arm]:
    """The arms of a saved result that have times, by name."""
    return {arm.name: arm for arm in saved.arms if arm.measured and usable(arm)}


def usable(arm: Arm) -> bool:
    """Whether an arm has times that can be compared."""
    return bool(arm.samples) and all(math.isfinite(s) and s > 0 for s in arm.samples)


def counterparts(
    saved: BenchResult, provenance: Provenance, modes: Mapping[str, str]
) -> dict[str, Counterpart]:
    """For each arm of this benchmark that has one, its counterpart in the baseline.

    The same code is sought first, then the same name, then code of the baseline that runs
    here under whatever name, then the only arm that the baseline has.

    Args:
        saved: The baseline.
        provenance: What is timed here.
        modes: The mode of each arm, by its name, in order.
    """
    arms = timed(saved)
    found = {
        name: Counterpart(twin, same_code=True)
        for name in modes
        if (twin := _twin(name, arms, saved.provenance, provenance)) is not None
    }
    run_again = [each.saved for each in found.values()]
    if saved.reference in run_again:
        run_again = [saved.reference]
    for name in modes:
        if name not in found:
            known = [name] if name in arms else run_again or (list(arms) if len(arms) == 1 else [])
            if known:
                found[name] = Counterpart(known[0])
    return found


def _twin(
    name: str, arms: Mapping[str, Arm], then: Provenance | None, now: Provenance
) -> str | None:
    """The arm of the baseline that is this one's own code; one of the same name before others."""
    mine = now.arms.get(name)
    if then is None or mine is None:
        return None
    named = sorted(then.arms, key=lambda saved: saved != name)
    return next((s for s in named if s in arms and _is_same(then.arms[s], mine, then, now)), None)


def _is_same(saved: TimedCode, mine: TimedCode, then: Provenance, now: Provenance) -> bool:
    if (saved.code, saved.way) != (mine.code, mine.way):
        return False
    before = {each.name: each for each in then.inputs}
    after = {each.name: each for each in now.inputs}
    same_setup = saved.setup == mine.setup
    return all(
        same(before.get(name), after.get(name), same_setup=same_setup)
        for name in {*saved.inputs, *mine.inputs}
    )
