"""What ``%dlbench --selftest`` returns: how often dlmagic errs on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dlmagic.magics.bench.arm_result import Interval
from dlmagic.result import Result


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How many of so many trials, with what that says about the true rate.

    Attributes:
        count: Trials in which it happened.
        trials: All of them.
        interval: 95 % interval of the true rate (Clopper and Pearson 1934).
    """

    count: int
    trials: int
    interval: Interval

    @property
    def rate(self) -> float:
        """The share of the trials, between 0 and 1."""
        return self.count / self.trials


@dataclass(frozen=True, kw_only=True)
class WorkloadRates:
    """What the trials of one kind of work say.

    Attributes:
        name: The work, a few words.
        seconds: One operation takes, median.
        noise: Standard deviation of the log ratio of two equal turns in one round.
        rounds: Per trial, median.
        called_different: Equal pairs that were called different.
        found: Pairs with a planted difference in which it was found, on the right side.
    """

    name: str
    seconds: float
    noise: float
    rounds: int
    called_different: Rate
    found: Rate


@dataclass(frozen=True, repr=False, kw_only=True)
class SelfTest(Result):
    """The error rates of dlmagic on this machine, now.

    Attributes:
        workloads: By kind of work.
        called_different: Equal pairs that were called different, all workloads together.
        found: Planted differences that were found, all workloads together.
        planted: The planted difference, as a share of the time.
        seconds: Time that everything took.
        partial: Whether it was interrupted.
    """

    view: ClassVar[str] = "dlmagic.magics.bench.selftest_view"

    workloads: tuple[WorkloadRates, ...]
    called_different: Rate
    found: Rate
    planted: float
    seconds: float
    partial: bool = False
