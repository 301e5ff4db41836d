"""What compiling a mode cost: the whole, its interval where it was repeated, its phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dlmagic.finding import Finding
from dlmagic.frameworks.compile_costs import Cache
from dlmagic.magics.bench.contestants import Contestant
from dlmagic.magics.bench.paired import Interval, median_interval
from dlmagic.magics.bench.timing import Timing


@dataclass(frozen=True)
class CompileCost:
    """What a mode cost before its steady state.

    Attributes:
        seconds: The whole: the median, where it was compiled several times.
        interval: 95 % interval of that median, or None where it was compiled once.
        phases: Seconds by phase, as far as the framework tells; together at most ``seconds``.
        cache: Whether code came from a disk cache (``warm``), or went to one (``cold``).
    """

    seconds: float
    interval: Interval | None = None
    phases: Mapping[str, float] = field(default_factory=dict)
    cache: Cache | None = None


def compile_cost_of(contestant: Contestant, timing: Timing) -> CompileCost | None:
    """What a mode cost once; None where nothing was compiled.

    Preparing it and its first call, less what a steady call takes, and what the warm-up
    compiled after that.
    """
    if not contestant.compiles:
        return None
    made = sorted(
        [(contestant.first_seconds, contestant.compile_costs), *contestant.compiled_again],
        key=lambda each: each[0],
    )
    wholes = [max(0.0, seconds - timing.median) + timing.compile_seconds for seconds, _ in made]
    middle = (len(made) - 1) // 2
    return CompileCost(
        wholes[middle],
        median_interval(wholes),
        _within(wholes[middle], made[middle][1].phases),
        contestant.compile_costs.cache,
    )


def findings_about_cache(cost: CompileCost | None) -> tuple[Finding, ...]:
    """What to say of code that was compiled in an earlier session."""
    if cost is None or cost.cache != "warm":
        return ()
    said = (
        "Its compiled code was loaded from a disk cache: that is what a later session pays; "
        "to compile it for the first time takes longer."
    )
    return (Finding("warm-cache", "hint", said),)


def _within(whole: float, phases: Mapping[str, float]) -> dict[str, float]:
    """Phases that are together no longer than the whole, from which a call has been taken."""
    total = sum(phases.values())
    factor = min(1.0, whole / total) if total > 0 else 1.0
    return {name: seconds * factor for name, seconds in phases.items()}
