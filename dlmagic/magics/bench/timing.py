"""From a measurement to what is said about each runner."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dlmagic.magics.bench.break_even import break_even, gain_of
from dlmagic.magics.bench.comparisons import comparisons_of
from dlmagic.magics.bench.measurement import Measurement
from dlmagic.magics.bench.paired import Comparison, Interval, median_interval
from dlmagic.magics.bench.warmup import WarmUp

_ENOUGH_ROUNDS = 10
_FEWEST = 2  # rounds are run in any case
_COMPILING = ("recompile", "compile")
_LEFT_OUT = ("graph break", "fallback to eager")


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


def timings_of(measurement: Measurement) -> dict[str, Timing]:
    """What is known about each runner, failed or interrupted ones included."""
    compared = comparisons_of(measurement)
    return {name: _timing(measurement, name, compared[name]) for name in measurement.names}


def _timing(measurement: Measurement, name: str, comparison: Comparison) -> Timing:
    steady = measurement.steady_samples(name)
    median = statistics.median(steady) if steady else math.nan
    warm = measurement.warm_ups.get(name)
    compiling = warm.compile_seconds if warm else 0.0
    gain = gain_of(*measurement.pairs(name), measurement.calls.get(name, 1))
    return Timing(
        name=name,
        samples=measurement.samples(name),
        calls=measurement.calls.get(name, 0),
        median=median,
        interval=median_interval(steady),
        comparison=comparison,
        compile_seconds=compiling,
        break_even_calls=break_even(compiling, None, gain, comparison.verdict).calls,
        notes=_notes(measurement, name, comparison),
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
    spent = sharing * (measurement.seconds - warm)
    needed = _round_up(spent * _ENOUGH_ROUNDS / rounds)
    advice = f"a surer answer needs about {needed:g} s (--time {needed:g})."
    if rounds <= _FEWEST and spent > sharing * measurement.budget:
        least = _round_up(spent * _FEWEST / rounds)
        return f"Too little time: at least {least:g} s needed for {_FEWEST} rounds; {advice}"
    turns = "round" if rounds == 1 else "rounds"
    return f"Only {rounds} {turns} fitted into {measurement.budget:.3g} s; {advice}"


def _notes(measurement: Measurement, name: str, comparison: Comparison) -> tuple[str, ...]:
    notes = [_times(event, count) for event, count in _distinct(measurement.events(name))]
    if comparison.doubt:
        notes.append(f"Not called faster or slower: {comparison.doubt}.")
    warm = measurement.warm_ups.get(name)
    if warm and warm.outcome == "unsteady":
        notes.append("No steady state: its times kept changing while it warmed up.")
    if warm and warm.outcome == "compiling":
        notes.append(_still_compiling(warm))
    return tuple(notes)


def _still_compiling(warm: WarmUp) -> str:
    calls, seconds = len(warm.samples), sum(sample.seconds for sample in warm.samples)
    if warm.cut_short:
        return f"Still compiling after {calls} calls in {seconds:.2g} s, where warming up ended."
    return f"Still compiling after {calls} calls."


def _distinct(events: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """What happened, without what only follows from it.

    What is compiled again is in some frameworks counted as compiled, too. Code that is compiled
    late leaves out what it left out the first time, and that is told already.
    """
    told = next((event for event in _COMPILING if event in events), None)
    for event, count in events.items():
        if told is None or event == told or event not in (*_COMPILING, *_LEFT_OUT):
            yield event, count


def _times(event: str, count: int) -> str:
    """One sentence about marked samples, such as: Recompiled once while it was measured."""
    words = {
        "compile": "Compiled",
        "recompile": "Recompiled",
        "graph break": "Broke the graph",
        "clock went back": "The clock went back",
        "clock stood still": "The clock stood still",
    }
    times = "once" if count == 1 else f"{count} times"
    return f"{words.get(event, event.capitalize())} {times} while it was measured."


def _round_up(seconds: float) -> float:
    """Seconds that a person would type: two significant digits, rounded up."""
    step = 10.0 ** (math.floor(math.log10(seconds)) - 1)
    return float(f"{math.ceil(seconds / step) * step:.2g}")
