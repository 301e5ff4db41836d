"""One block of calls between two readings of the clock."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from dlmagic.magics.bench.clock import Clock
from dlmagic.magics.bench.runner import Flush, Runner

SHORTEST = 1e-12
"""Seconds a call, at least: a coarse clock may read 0, which has no logarithm."""


@dataclass(frozen=True)
class Block:
    """A number of calls timed together.

    Attributes:
        calls: How many calls.
        seconds: Wall time of all of them, the wait for the device included.
        events: What happened between the two readings of the clock, such as
            ``{"recompile": 1}``; empty for a clean block.
        touch_events: The same for the call before it, which does not count.
        by_rank: Nanoseconds of each rank, where several did it at once and this is the first.
    """

    calls: int
    seconds: float
    events: Mapping[str, int] = field(default_factory=dict)
    touch_events: Mapping[str, int] = field(default_factory=dict)
    by_rank: tuple[int, ...] | None = field(default=None, repr=False, compare=False)

    @property
    def per_call(self) -> float:
        """Seconds a call, above zero."""
        return max(self.seconds / self.calls, SHORTEST)

    @property
    def clean(self) -> bool:
        """Whether nothing but the cell's own work was timed."""
        return not self.events


def run_block(
    runner: Runner, clock: Clock, calls: int, *, touch: bool = True, flush: Flush | None = None
) -> Block:
    """Restore, one touch that does not count, then the timed calls.

    Args:
        runner: What is called.
        clock: Where time is read.
        calls: How many calls are timed.
        touch: Whether there is that touch, which gives every runner the same warm caches,
            whatever ran before it.
        flush: Empties caches after the touch, untimed as well; then one call is timed.
    """
    runner.restore()
    with collector_off():
        touched = time_calls(runner, clock, 1) if touch else None
        block = time_calls(runner, clock, calls) if flush is None else _cold(runner, clock, flush)
    events = {**block.events, **_clock_trouble(block.seconds)}
    return replace(block, events=events, touch_events=touched.events if touched else {})


def time_calls(runner: Runner, clock: Clock, calls: int) -> Block:
    """Time calls as they come, without restore or touch: for warming up."""
    with collector_off():
        runner.synchronise()
        before = dict(runner.events())

        def run(calls: int) -> None:
            runner.run(calls)
            runner.synchronise()

        timed = clock.timed(run, calls, lambda: difference(before, runner.events()))
        return Block(timed.calls, timed.seconds, timed.events, by_rank=timed.by_rank)


def _cold(runner: Runner, clock: Clock, flush: Flush) -> Block:
    before = dict(runner.events())
    seconds = runner.run_cold(flush, clock)
    return Block(1, seconds, difference(before, runner.events()))


def _clock_trouble(seconds: float) -> dict[str, int]:
    """What a clock did that no work explains; such a block is no measurement."""
    if seconds > 0:
        return {}
    return {"clock went back" if seconds < 0 else "clock stood still": 1}


def difference(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """What was counted between two readings, without zeros.

    >>> difference({"compile": 1}, {"compile": 1, "recompile": 2})
    {'recompile': 2}
    """
    counts = {name: count - before.get(name, 0) for name, count in after.items()}
    return {name: count for name, count in counts.items() if count > 0}


@contextmanager
def collector_off() -> Iterator[None]:
    """Keep the garbage collector out of a block, and its past garbage too.

    Only young objects are collected beforehand, in microseconds: while the collector is
    off, whatever a block leaves behind stays young, so nothing escapes. A full collection
    costs 65 ms with PyTorch loaded and would dominate blocks of 5 ms.
    """
    enabled = gc.isenabled()
    try:
        if enabled:
            gc.collect(1)
            gc.disable()
        yield
    finally:
        if enabled:
            gc.enable()
