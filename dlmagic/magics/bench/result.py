"""What ``%%dlbench`` returns: one arm per way in which the cell was run."""

from __future__ import annotations

import importlib
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dlmagic.errors import nearest
from dlmagic.magics.bench.arm_result import Arm, Interval
from dlmagic.magics.bench.baseline_result import Baseline, Provenance
from dlmagic.magics.bench.sweep.result import Sweep
from dlmagic.result import Result


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
        hosts: The machine of each rank, where engines timed it together; the times are then
            those of the slowest rank in each round.
    """

    view: ClassVar[str] = "dlmagic.magics.bench.view"

    arms: tuple[Arm, ...] = ()
    reference: str = ""
    sweep: Sweep | None = None
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
    hosts: tuple[str, ...] = ()

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
