"""One way in which the cell was run, and all that is known about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from dlmagic.finding import Finding
from dlmagic.magics.bench.rank_result import RankSpread

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
        ranks: The samples of each process, if there were several; empty beyond 64 ranks.
        spread: How the ranks compare that timed it together, if there were any.
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
    spread: RankSpread | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def flop_rate(self) -> float | None:
        """FLOPs per second: those of a call divided by the median."""
        return self.flops / self.median if self.flops and self.median else None

    @property
    def measured(self) -> bool:
        """Whether there is a time."""
        return self.status == "ok" and self.median is not None
