"""What ``%%dlbench`` returns: one arm per way in which the cell was run."""

from __future__ import annotations

import importlib
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import dlmagic.magics.bench.sweep.result as swept
from dlmagic.errors import nearest
from dlmagic.finding import Finding
from dlmagic.magics.bench.baseline_result import Baseline, Provenance
from dlmagic.result import Result

Status = Literal["ok", "failed", "skipped"]
Verdict = Literal["reference", "faster", "slower", "same", "unclear"]
Interval = tuple[float, float]

RESIDENT = "resident memory"
"""Source of a peak that the operating system counted, in pages of the whole process."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way of running the cell. Times are in seconds per call of the cell.

    Attributes:
        name: What the result calls it: ``"compile"``, ``"bmm/compile"`` or ``"bmm"``.
        mode: How it was executed, such as ``"compile"``.
        block: Its alternative in the cell, or None in a cell without any.
        status: ``ok``, ``failed`` or ``skipped``.
        reason: Why it failed or was skipped; empty where it is ``ok``.
        line: The line of the cell where it failed, counted from 1, or None.
        samples: The time of each round, in order.
        calls: Calls of the cell in each round.
        median: Median of the steady samples.
        interval: 95 % interval of the median.
        speedup: Time of the reference divided by this time, from paired rounds.
        speedup_interval: 95 % interval of the speedup.
        verdict: What the interval says; None where there was nothing to compare with.
        compile_seconds: What it took once before the steady state.
        compile_interval: 95 % interval of that, where it was cheap enough to be repeated.
        compile_phases: Seconds by phase, in the framework's own terms, such as ``"trace"``, as
            far as it tells: those of preparing and the first call, together no longer than all.
        compile_cache: ``"cold"`` if the compiled code went to a disk cache, ``"warm"`` if it
            came from one, None if none took part or the framework does not tell.
        break_even_calls: Calls after which that has paid off; None for never, or where no gain
            is certain.
        break_even_interval: Calls at least and at most, in 95 of 100 cases; the most is None
            where it may be never. None where it never pays off or nothing is known.
        agrees: Whether the answers are those of the reference; None where not compared.
        agreement: How they differ, or why they were not compared.
        max_error: Largest difference of the answers, relative to their scale.
        peak_memory: Bytes that one call needs at most above what was in use before, if measured.
        peak_reserved: Bytes that a device's allocator took for that; None in main memory.
        memory_source: Who counted, such as ``"resident memory"``; empty where nobody did.
        flops: Floating point operations of one call, if counted: of matrix products and
            convolutions, as the cell runs eagerly, a multiply-add as two.
        bytes_moved: Bytes of operands read and results written by the operations counted.
        roofline_share: The time that they would take at the limits of the machine, measured on
            the spot, divided by the median; above 1 only with a finding that says why.
        energy: Joules per call of the GPUs' boards, if measured; idle power is included.
        ranks: The samples of each process, if there were several.
        findings: What the user should know about this arm.
    """

    name: str
    mode: str = "plain"
    block: str | None = None
    status: Status = "ok"
    reason: str = ""
    line: int | None = None
    samples: tuple[float, ...] = field(default=(), repr=False)
    calls: int = 1
    median: float | None = None
    interval: Interval | None = None
    speedup: float | None = None
    speedup_interval: Interval | None = None
    verdict: Verdict | None = None
    compile_seconds: float | None = None
    compile_interval: Interval | None = None
    compile_phases: dict[str, float] = field(default_factory=dict, hash=False)
    compile_cache: Literal["cold", "warm"] | None = None
    break_even_calls: int | None = None
    break_even_interval: tuple[int, int | None] | None = None
    agrees: bool | None = None
    agreement: str = ""
    max_error: float | None = None
    peak_memory: int | None = None
    peak_reserved: int | None = None
    memory_source: str = ""
    flops: float | None = None
    bytes_moved: float | None = None
    roofline_share: float | None = None
    energy: float | None = None
    ranks: tuple[tuple[float, ...], ...] = field(default=(), repr=False)
    findings: tuple[Finding, ...] = ()

    @property
    def flop_rate(self) -> float | None:
        """FLOPs per second: those of a call divided by the median."""
        return self.flops / self.median if self.flops and self.median else None

    @property
    def measured(self) -> bool:
        """Whether there is a time."""
        return self.status == "ok" and self.median is not None


@dataclass(frozen=True, repr=False, kw_only=True)
class BenchResult(Result):
    """The arms of one benchmark, and what is faster.

    ``result["compile"]`` is an arm; with alternatives ``result["name/mode"]``, or plain
    ``result["name"]`` where one mode was timed.

    Attributes:
        arms: One per alternative and mode, in the order of the cell and of ``--modes``.
        reference: Name of the arm that the others are compared with.
        sweep: Every value that was gone through with its arms, or None. The arms and rounds
            of the result itself are then those of the last value that could be timed.
        cell: Text of the cell.
        partial: Whether the measurement was interrupted.
        seconds: Time that everything took.
        rounds: Complete rounds.
        null_speedup: What a hidden second copy of the reference came out as, timed in the same
            rounds: 1 but for noise. None where there was nothing to compare, or no time for it.
        null_interval: Its 95 % interval.
        cold: Whether caches were flushed before every timed call.
        notes: What else is worth a line.
        baseline: How it compares with an earlier benchmark, or None.
        provenance: What was timed, where it was saved or compared with an earlier one.
    """

    view: ClassVar[str] = "dlmagic.magics.bench.view"

    arms: tuple[Arm, ...] = ()
    reference: str = ""
    sweep: swept.Sweep | None = None
    cell: str = ""
    partial: bool = False
    seconds: float = 0.0
    rounds: int = 0
    null_speedup: float | None = None
    null_interval: Interval | None = None
    cold: bool = False
    notes: tuple[str, ...] = ()
    baseline: Baseline | None = None
    provenance: Provenance | None = field(default=None, repr=False)

    def __getitem__(self, name: str) -> Arm:
        """The arm of that name.

        Raises:
            KeyError: There is none, or there are several modes of that alternative.
        """
        try:
            return self._named()[name]
        except KeyError:
            hint = nearest(str(name), (arm.name for arm in self.arms))
            raise KeyError(f"This benchmark has no arm {name!r}. {hint}") from None

    def _named(self) -> dict[str, Arm]:
        """All names that an arm answers to; where two claim one, the more exact wins."""
        modes = Counter(arm.block for arm in self.arms)
        named = {arm.block: arm for arm in self.arms if arm.block and modes[arm.block] == 1}
        named |= {arm.mode: arm for arm in self.arms if not arm.block}
        named |= {f"{arm.block}/{arm.mode}": arm for arm in self.arms if arm.block}
        return named | {arm.name: arm for arm in self.arms}

    def reference_arm(self) -> Arm | None:
        """The arm that the others are compared with, or None where it was not timed."""
        arms = (arm for arm in self.arms if arm.name == self.reference)
        return next((arm for arm in arms if arm.measured), None)

    def compared_arms(self) -> tuple[Arm, ...]:
        """The arms that have a speedup, without the reference itself."""
        arms = (arm for arm in self.arms if arm.measured and arm.name != self.reference)
        return tuple(arm for arm in arms if math.isfinite(arm.speedup or math.nan))

    def round_speedups(self, arm: Arm) -> tuple[float, ...]:
        """Time of the reference divided by the time of ``arm``, for each round of both."""
        reference = self.reference_arm()
        if reference is None:
            return ()
        pairs = zip(reference.samples, arm.samples, strict=False)
        return tuple(r / a for r, a in pairs if a > 0 and r > 0 and math.isfinite(r / a))

    def to_dataframe(self) -> Any:
        """A pandas DataFrame with one row per arm, of a sweep per value and arm; times in seconds.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        return importlib.import_module("dlmagic.magics.bench.export").to_dataframe(self)

    def to_markdown(self) -> str:
        """The words and the table, to paste where Markdown is understood."""
        document = importlib.import_module(self.view).document(self)
        return str(importlib.import_module("dlmagic.display.markdown").render(document))

    def plot(self, axes: Any = None) -> Any:
        """Draw the speedup of every round, or the time where there is nothing to compare.

        Of a sweep, draw the time of every arm against the value, both logarithmic.

        Args:
            axes: Matplotlib axes to draw into; new ones without.

        Returns:
            The axes.

        Raises:
            MissingPackageError: Matplotlib is not installed.
        """
        return importlib.import_module("dlmagic.magics.bench.export").plot(self, axes)
