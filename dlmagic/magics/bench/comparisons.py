"""Every runner compared with the reference, judged with all others in view."""

from __future__ import annotations

import math
from dataclasses import replace

from dlmagic.magics.bench.block import SHORTEST
from dlmagic.magics.bench.measurement import Measurement
from dlmagic.magics.bench.paired import Comparison, compare_paired
from dlmagic.magics.bench.second_copy import SECOND_COPY
from dlmagic.magics.bench.several import corrected

_ALARM = 0.001
"""p-value of the second copy below which the machine, not chance, made it differ."""


def comparisons_of(measurement: Measurement) -> dict[str, Comparison]:
    """By name, how each runner compares with the reference; that itself included."""
    names = [name for name in measurement.names if name != measurement.reference]
    found = {name: compare_paired(*measurement.pairs(name)) for name in names}
    null = second_copy_of(measurement)
    judged = {
        name: _judged(each, null, measured=is_measured(measurement, name))
        for name, each in corrected(found).items()
    }
    rounds = len(measurement.samples(measurement.reference))
    return {**judged, measurement.reference: Comparison(1.0, (1.0, 1.0), "reference", rounds)}


def second_copy_of(measurement: Measurement) -> Comparison | None:
    """How the hidden second copy of the reference came out; None where there was none."""
    reference, copy = measurement.pairs(SECOND_COPY)
    return compare_paired(reference, copy) if copy else None


def is_alarming(null: Comparison | None) -> bool:
    """Whether the second copy differs by more than chance explains."""
    return null is not None and null.p_value < _ALARM


def is_measured(measurement: Measurement, name: str) -> bool:
    """Whether the clock advanced in every block that a comparison rests on."""
    return all(min(times) > SHORTEST for times in measurement.pairs(name) if times)


def _judged(own: Comparison, null: Comparison | None, *, measured: bool) -> Comparison:
    """A comparison whose difference, if it shows one, has stood all doubts."""
    if own.verdict == "unclear":
        return own
    if not measured:
        return replace(own, verdict="unclear", doubt="the clock does not measure times this short")
    if own.verdict == "same":
        return own
    if null is not None and is_alarming(null) and _least(own) <= abs(math.log(null.speedup)):
        doubt = "a second copy of the reference lay as far from it"
        return replace(own, verdict="unclear", doubt=doubt)
    return own


def _least(comparison: Comparison) -> float:
    """The smallest difference that the interval allows, as the size of a logarithm."""
    assert comparison.interval is not None
    return min(abs(math.log(end)) for end in comparison.interval)
