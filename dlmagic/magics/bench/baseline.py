"""How the arms of a benchmark compare with those of an earlier one.

Where the baseline's code stands in this cell, with the same inputs, it has run here too, in
turn with the others: they are compared with it side by side, in the rounds of this very run.
What it takes now and took then shows how far two runs of one code lie apart. All else is
compared with the saved times, and said to be so, in an interval that is wider by that level.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.baseline_result import (
    Baseline,
    BaselineArm,
    Interval,
    LevelSource,
    Provenance,
    Verdict,
)
from dlmagic.magics.bench.conditions import other_conditions
from dlmagic.magics.bench.counterparts import Counterpart, counterparts, timed, usable
from dlmagic.magics.bench.inputs import changes
from dlmagic.magics.bench.paired import compare_paired, verdict_of
from dlmagic.magics.bench.processes import compare_processes
from dlmagic.magics.bench.result import BenchResult
from dlmagic.magics.bench.unpaired import (
    level_of,
    process_ratio_interval,
    ratio_interval,
    ratio_of_medians,
    widened,
)
from dlmagic.magics.bench.yardstick import machine_level, machine_ratio


def compare_with_baseline(file: str, saved: BenchResult, result: BenchResult) -> Baseline:
    """Everything that a baseline has to say.

    Args:
        file: Where it was saved, as the user named it.
        saved: The baseline.
        result: This benchmark, its provenance included.
    """
    return _Comparing(file, saved, result).baseline()


@dataclass(frozen=True)
class _Comparing:
    """One comparison of two benchmarks."""

    file: str
    saved: BenchResult
    result: BenchResult

    def baseline(self) -> Baseline:
        level, source, arms = self._level()
        environment = self.saved.environment
        return Baseline(
            file=self.file,
            created=environment.created if environment else "",
            arms=tuple(self._compare(arm, each) for arm, each in self._pairs()),
            level=level,
            level_source=source,
            level_arms=arms,
            machine=machine_ratio(*self._bursts),
            conditions=self._conditions,
            inputs=self._inputs(),
        )

    @cached_property
    def _conditions(self) -> str:
        """One sentence about what is different around the cell; empty where nothing is."""
        other = other_conditions(self.saved.environment, self.result.environment)
        return f"The baseline was made with {other[0]}; here {other[1]}." if other else ""

    @cached_property
    def _now(self) -> Provenance:
        return self.result.provenance or Provenance(cell="")

    @cached_property
    def _then(self) -> dict[str, Arm]:
        return timed(self.saved)

    @cached_property
    def _found(self) -> dict[str, Counterpart]:
        return counterparts(self.saved, self._now, {arm.name: arm.mode for arm in self.result.arms})

    @cached_property
    def _run_again(self) -> dict[str, Arm]:
        """The arms of this benchmark that are the baseline's own code, by their name there."""
        return {
            self._found[arm.name].saved: arm
            for arm in reversed(self.result.arms)
            if arm.measured and usable(arm) and self._is_same_code(arm)
        }

    def _is_same_code(self, arm: Arm) -> bool:
        return arm.name in self._found and self._found[arm.name].same_code

    def _pairs(self) -> Iterable[tuple[Arm, Counterpart]]:
        for arm in self.result.arms:
            if arm.name in self._found and arm.measured and usable(arm):
                yield arm, self._found[arm.name]

    @property
    def _bursts(self) -> tuple[tuple[tuple[float, ...], ...], tuple[tuple[float, ...], ...]]:
        then = self.saved.provenance.yardstick if self.saved.provenance else ()
        return then, self._now.yardstick

    def _level(self) -> tuple[float | None, LevelSource, tuple[str, ...]]:
        """How far two runs of one code lie apart, and what told so."""
        intervals = {
            arm.name: interval_between(self._then[saved], arm)
            for saved, arm in self._run_again.items()
        }
        levels = {name: level_of(each) for name, each in intervals.items() if each is not None}
        if levels:
            return max(levels.values()), "re-run", tuple(levels)
        level = machine_level(*self._bursts)
        return level, "unknown" if level is None else "yardstick", ()

    def _compare(self, arm: Arm, counterpart: Counterpart) -> BaselineArm:
        then = self._then[counterpart.saved]
        again = self._run_again.get(counterpart.saved)
        if again is not None and again.name != arm.name and not counterpart.same_code:
            return self._side_by_side(arm, then, again)
        # Of the baseline's own code that ran again, its own change is no measure.
        level = machine_level(*self._bursts) if counterpart.same_code else self._level()[0]
        interval = interval_between(then, arm)
        wide = interval if level is None else widened(interval, level)
        verdict = _verdict(None if level is None else wide)
        if counterpart.same_code and not self._conditions and verdict != "same":
            verdict = "unclear"  # nothing has changed that could have made it faster or slower
        return BaselineArm(
            name=arm.name,
            against=then.name,
            saved_median=_median(then),
            speedup=ratio_of_medians(then.samples, arm.samples),
            interval=wide,
            verdict=verdict,
            same_code=counterpart.same_code,
            level=level,
        )

    def _side_by_side(self, arm: Arm, then: Arm, again: Arm) -> BaselineArm:
        pairs = list(zip(again.samples, arm.samples, strict=False))
        compare = compare_processes if arm.ranks else compare_paired
        found = compare([a for a, _ in pairs], [b for _, b in pairs])
        return BaselineArm(
            name=arm.name,
            against=then.name,
            saved_median=_median(then),
            speedup=found.speedup,
            interval=found.interval,
            verdict=_verdict(found.interval),
            side_by_side=True,
            level=1.0,
        )

    def _inputs(self) -> tuple[str, ...]:
        """What is different about the inputs that both benchmarks read."""
        then = self.saved.provenance
        if then is None:
            return ("The baseline was saved without a description of its inputs.",)
        setups = [{code.setup for code in each.arms.values()} for each in (then, self._now)]
        return changes(
            {each.name: each for each in then.inputs},
            {each.name: each for each in self._now.inputs},
            same_setup=setups[0] == setups[1],
        )


def interval_between(then: Arm, now: Arm) -> Interval | None:
    """The 95 % interval of how many times as fast an arm is as a saved one."""
    if then.ranks and now.ranks:
        return process_ratio_interval(then.samples, now.samples)
    return ratio_interval(then.samples, now.samples)


def _median(arm: Arm) -> float:
    assert arm.median is not None
    return arm.median


def _verdict(interval: Interval | None) -> Verdict:
    verdict = verdict_of(interval)
    assert verdict != "reference"
    return verdict
