"""What disturbed a measurement, told from what was seen, with what to do about it.

Speedups come from pairs within a round, so most of this leaves them right and only makes
them less sure; medians are those of the machine as it was. Nothing is corrected or dropped.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence

from dlmagic.devices.load import Load
from dlmagic.environment import Environment
from dlmagic.finding import Finding, Fix
from dlmagic.frameworks.plain.adapter import PLAIN_MODE
from dlmagic.magics.bench.choice import Choice
from dlmagic.magics.bench.comparisons import is_alarming, second_copy_of
from dlmagic.magics.bench.measurement import Measurement
from dlmagic.magics.bench.second_copy import SECOND_COPY

_SHORTEST = 0.2  # seconds; processor time is counted in ticks of 10 ms
_NEIGHBOURS = 0.15  # share of all cores that others may use unsaid
_STOLEN = 0.03  # share of all cores
_WAITED = 0.05  # share of the time
_THREAD = 0.1  # cores
_DRIFT = 0.1  # relative change of the reference's time
_SURE = 0.001  # p-value of that change
_SCATTER = 0.25  # standard deviation of the paired log ratio of equals
_CLOCK = 0.05  # relative change of the clock rate


def findings_about_noise(
    measurement: Measurement | None, threads: Mapping[str, int] | None = None
) -> tuple[Finding, ...]:
    """One finding per disturbance, the gravest first.

    Args:
        measurement: What was timed.
        threads: How many those frameworks compute with that the cell uses, by their name.
    """
    if measurement is None or not measurement.rounds:
        return ()
    found = [
        *_unequal_equals(measurement),
        *_drifting(measurement),
        *_scattered(measurement, threads or {}),
    ]
    return (*found, *findings_about_load(measurement.load))


def threads_used(choices: Iterable[Choice], environment: Environment) -> dict[str, int]:
    """How many threads those frameworks compute with that an arm may use, by their name."""
    used = {each.framework.name if each.mode != PLAIN_MODE else PLAIN_MODE for each in choices}
    every = PLAIN_MODE in used
    return {name: count for name, count in environment.threads.items() if every or name in used}


def findings_about_load(load: Load | None) -> tuple[Finding, ...]:
    """Who else computed: other processes, the host of a virtual machine, threads of this one."""
    if load is None or load.wall < _SHORTEST:
        return ()
    return (*_neighbours(load), *_own_threads(load))


def _unequal_equals(measurement: Measurement) -> Iterator[Finding]:
    null = second_copy_of(measurement)
    if null is not None and is_alarming(null):
        message = (
            f"{measurement.reference}, timed twice under two names, came out {null.speedup:.3g}x "
            "as fast as itself: gains and losses of that size mean nothing in this run."
        )
        fix = Fix("Run it again when the machine is quieter, or with more --time.")
        yield Finding("unequal-equals", "warning", message, fix=fix)


def _drifting(measurement: Measurement) -> Iterator[Finding]:
    """The reference itself became faster or slower from the first rounds to the last."""
    samples = measurement.steady_samples(measurement.reference)
    third = len(samples) // 3
    if third < 4:
        return
    first, last = samples[:third], samples[-third:]
    change = statistics.median(last) / statistics.median(first)
    if abs(math.log(change)) < math.log(1 + _DRIFT) or _p_value(first, last) > _SURE:
        return
    how = f"{change - 1:.0%} slower" if change > 1 else f"{1 - change:.0%} faster"
    message = (
        f"{measurement.reference} became {how} while it was measured{_clock(measurement.load)}. "
        "Speedups are taken within rounds and stand; medians are of a machine that changed."
    )
    yield Finding("changing-speed", "warning", message)


def _p_value(first: Sequence[float], last: Sequence[float]) -> float:
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(first, last).pvalue)


def _clock(load: Load | None) -> str:
    """What the cores' clock rate did meanwhile, if it is known and did anything."""
    start, end = (load.start.megahertz, load.end.megahertz) if load else (None, None)
    if not start or not end or abs(end / start - 1) < _CLOCK:
        return ""
    return f" (clock rate of the cores: {start / 1e3:.1f} to {end / 1e3:.1f} GHz)"


def _scattered(measurement: Measurement, threads: Mapping[str, int]) -> Iterator[Finding]:
    reference, copy = measurement.pairs(SECOND_COPY)
    if len(copy) < 10:
        return
    logs = [math.log(a / b) for a, b in zip(reference, copy, strict=True)]
    middle = statistics.median(logs)
    # 1.4826 relates the median absolute deviation to a normal standard deviation.
    deviation = 1.4826 * statistics.median(abs(each - middle) for each in logs)
    if deviation > _SCATTER:
        message = (
            "Rounds scatter: the same code, timed twice in one round, lies "
            f"{math.expm1(deviation):.0%} apart, so only large gains and losses can be told."
        )
        yield Finding("scattered-rounds", "hint", message, fix=_fewer_threads(threads))


def _fewer_threads(threads: Mapping[str, int]) -> Fix | None:
    """How to compute with one thread; None where that is so, or cannot be set any more."""
    several = next((name for name, count in threads.items() if count > 1), None)
    if several is None:
        return None
    return Fix(
        "Where cores are shared, fewer threads may steady it, such as one with "
        f"{several}.set_num_threads(1)."
    )


def _neighbours(load: Load) -> Iterator[Finding]:
    neighbours = load.neighbours or 0.0
    cores = "core" if load.cores == 1 else "cores"
    if neighbours > _NEIGHBOURS * load.cores:
        message = (
            f"Other processes kept {neighbours:.1f} of {load.cores} {cores} busy meanwhile; "
            "top or htop shows which."
        )
        yield Finding("busy-machine", "warning", message)
    elif (load.waited or 0.0) > _WAITED:
        message = f"The cell waited for a core in {load.waited:.0%} of the time."
        yield Finding("busy-machine", "warning", message)
    stolen = load.stolen or 0.0
    if stolen > _STOLEN * load.cores:
        message = (
            f"The host of this virtual machine took {stolen:.1f} of {load.cores} {cores} away "
            "meanwhile: others compute on it."
        )
        yield Finding("stolen-time", "warning", message)


def _own_threads(load: Load) -> Iterator[Finding]:
    for name, cores in load.threads.items():
        if cores > _THREAD:
            message = (
                f"The thread {name!r} of this process used {cores:.1f} cores meanwhile, beside "
                "the cell."
            )
            fix = Fix("Stop it, or wait for its end, before you measure.")
            yield Finding("busy-thread", "warning", message, fix=fix)
