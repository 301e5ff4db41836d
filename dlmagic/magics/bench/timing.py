"""From a measurement to what is said about each runner."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

from dlmagic.magics.bench.measurement import Measurement
from dlmagic.magics.bench.paired import (
    Comparison,
    Interval,
    break_even_calls,
    compare_paired,
    median_interval,
)

_ENOUGH_ROUNDS = 10


@dataclass(frozen=True)
class Timing:
    """What the samples of one runner say.

    Attributes:
        name: The runner.
        samples: Seconds a call, one per round, all of them.
        calls: Calls per block.
        median: Seconds a call, of the steady samples; NaN without any.
        interval: 95 % interval of the median, or None below six samples.
        comparison: With the reference: speedup, its interval, verdict.
        compile_seconds: What compiling cost before the first steady call.
        break_even_calls: Calls after which that has paid off against the reference; None where
            it never does, or where no gain is certain.
        notes: What a reader should know, one sentence each.
    """

    name: str
    samples: tuple[float, ...]
    calls: int
    median: float
    interval: Interval | None
    comparison: Comparison
    compile_seconds: float
    break_even_calls: int | None
    notes: tuple[str, ...]


def timing_of(measurement: Measurement, name: str) -> Timing:
    """What is known about one runner, failed or interrupted ones included."""
    steady = measurement.steady_samples(name)
    median = statistics.median(steady) if steady else math.nan
    warm = measurement.warm_ups.get(name)
    compiling = warm.compile_seconds if warm else 0.0
    comparison = _comparison(measurement, name)
    faster = comparison.verdict == "faster"
    return Timing(
        name=name,
        samples=measurement.samples(name),
        calls=measurement.calls.get(name, 0),
        median=median,
        interval=median_interval(steady),
        comparison=comparison,
        compile_seconds=compiling,
        break_even_calls=_break_even(measurement, median, compiling) if faster else None,
        notes=_notes(measurement, name),
    )


def budget_note(measurement: Measurement, sharing: int = 1) -> str | None:
    """One sentence where the time was too short for an answer, or None.

    Args:
        measurement: What was timed.
        sharing: How many measurements shared the user's time.
    """
    rounds = len(measurement.rounds)
    if measurement.ending != "budget" or rounds >= _ENOUGH_ROUNDS or not rounds:
        return None
    warm = sum(up.compile_seconds for up in measurement.warm_ups.values())
    needed = _round_up(sharing * (measurement.seconds - warm) * _ENOUGH_ROUNDS / rounds)
    turns = "round" if rounds == 1 else "rounds"
    return (
        f"Only {rounds} {turns} fitted into {measurement.budget:.3g} s; "
        f"a surer answer needs about {needed:g} s (--time {needed:g})."
    )


def _comparison(measurement: Measurement, name: str) -> Comparison:
    if name == measurement.reference:
        return Comparison(1.0, (1.0, 1.0), "reference", len(measurement.samples(name)))
    return compare_paired(*measurement.pairs(name))


def _break_even(measurement: Measurement, median: float, compiling: float) -> int | None:
    reference = statistics.median(measurement.steady_samples(measurement.reference))
    return break_even_calls(compiling, reference, median)


def _notes(measurement: Measurement, name: str) -> tuple[str, ...]:
    notes = [_times(event, count) for event, count in measurement.events(name).items()]
    warm = measurement.warm_ups.get(name)
    if warm and warm.outcome == "unsteady":
        notes.append("No steady state: its times kept changing while it warmed up.")
    if warm and warm.outcome == "compiling":
        notes.append(f"Still compiling after {len(warm.samples)} calls.")
    return tuple(notes)


def _times(event: str, count: int) -> str:
    """One sentence about marked samples, such as: Recompiled once while it was measured."""
    words = {"compile": "Compiled", "recompile": "Recompiled", "graph break": "Broke the graph"}
    times = "once" if count == 1 else f"{count} times"
    return f"{words.get(event, event.capitalize())} {times} while it was measured."


def _round_up(seconds: float) -> float:
    """Seconds that a person would type: two significant digits, rounded up."""
    step = 10.0 ** (math.floor(math.log10(seconds)) - 1)
    return float(f"{math.ceil(seconds / step) * step:.2g}")
