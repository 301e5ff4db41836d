"""What a sweep found: every value with its arms, how their times grow, and where they cross."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any, Literal

from dlmagic.magics.bench.arm_result import Arm, Interval, Status

Turn = Literal["faster", "slower"]


@dataclass(frozen=True, kw_only=True)
class SweepPoint:
    """One value of a sweep.

    Attributes:
        text: The value as it was written.
        number: The value where it is a real number, else None.
        status: ``ok``; ``failed``: the cell or its set-up raised; ``skipped``: interrupted
            before its turn.
        reason: Why it is not ``ok``; empty where it is.
        line: The line of the cell where it failed, counted from 1, or None.
        arms: As those of a benchmark with this value alone; empty unless ``ok``.
        rounds: Complete rounds.
        seconds: Time that everything took.
        partial: Whether its measurement was interrupted.
    """

    text: str
    number: int | float | None
    status: Status = "ok"
    reason: str = ""
    line: int | None = None
    arms: tuple[Arm, ...] = ()
    rounds: int = 0
    seconds: float = 0.0
    partial: bool = False

    @property
    def value(self) -> Any:
        """The value itself."""
        return ast.literal_eval(self.text)

    @property
    def timed(self) -> bool:
        """Whether there is a time of any arm."""
        return any(arm.measured for arm in self.arms)

    def __getitem__(self, name: str) -> Arm:
        """The arm of that name.

        Raises:
            KeyError: There is none.
        """
        for arm in self.arms:
            if arm.name == name:
                return arm
        raise KeyError(f"{self.text} has no arm {name!r}")


@dataclass(frozen=True, kw_only=True)
class Growth:
    """How the time of one arm grows with a positive number: as its power.

    Attributes:
        arm: Its name.
        exponent: The slope of the logarithm of the median over the logarithm of the value, by
            ordinary least squares over the points.
        interval: Its 95 % interval, by Student's t with two degrees of freedom less than
            points; None with two points, which a straight line always meets. What bends the
            curve, such as a fixed cost at small values, widens it as noise does.
        points: How many values had a time.
    """

    arm: str
    exponent: float
    interval: Interval | None
    points: int


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """Where one arm overtakes the reference, or falls behind it, as the value grows.

    Attributes:
        arm: Its name.
        turns: What it becomes: ``faster`` or ``slower`` than the reference.
        after: The largest value, as written, at which it is surely not so yet.
        before: The next value at which it surely is.
        at: Where the speedup is 1 on a straight line between points, both axes logarithmic.
        interval: Where it can be, given the 95 % intervals of the speedups at ``after`` and
            ``before`` and a straight line between them. That it lies between these two needs
            no straight line.
    """

    arm: str
    turns: Turn
    after: str
    before: str
    at: float
    interval: Interval


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The times of one arm, by ascending value.

    Attributes:
        arm: Its name.
        numbers: The values.
        medians: Seconds per call of the cell.
        intervals: 95 % interval of each median, or None.
    """

    arm: str
    numbers: tuple[float, ...]
    medians: tuple[float, ...]
    intervals: tuple[Interval | None, ...]


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """All values that were gone through.

    Attributes:
        name: The name that was bound to them.
        points: One per value, in the order in which they were written.
        growth: One per arm; empty unless all values with times are numbers above zero.
        crossings: By arm, then by value.
    """

    name: str
    points: tuple[SweepPoint, ...]
    growth: tuple[Growth, ...] = ()
    crossings: tuple[Crossing, ...] = ()

    def __getitem__(self, value: object) -> SweepPoint:
        """The point of a value, such as ``sweep[256]``.

        Raises:
            KeyError: The value is none of the sweep's.
        """
        for point in self.points:
            if point.value == value:
                return point
        known = ", ".join(point.text for point in self.points)
        raise KeyError(f"{self.name} was not swept over {value!r}, but over {known}")

    @property
    def numeric(self) -> bool:
        """Whether all values are real numbers."""
        return all(point.number is not None for point in self.points)

    @property
    def arms(self) -> tuple[str, ...]:
        """The names of all arms, in the order of the first point that has them."""
        return tuple(dict.fromkeys(arm.name for point in self.points for arm in point.arms))

    @property
    def ascending(self) -> tuple[SweepPoint, ...]:
        """The points by value, where all are numbers; otherwise as they were written."""
        if not self.numeric:
            return self.points
        return tuple(sorted(self.points, key=lambda point: point.number or 0))

    def curve(self, arm: str) -> Curve:
        """The times of one arm; without points unless all values are numbers."""
        numbers, medians, intervals = [], [], []
        for point in self.ascending if self.numeric else ():
            for each in point.arms:
                if each.name == arm and each.median is not None and point.number is not None:
                    numbers.append(float(point.number))
                    medians.append(each.median)
                    intervals.append(each.interval)
        return Curve(
            arm=arm, numbers=tuple(numbers), medians=tuple(medians), intervals=tuple(intervals)
        )

    def curves(self) -> tuple[Curve, ...]:
        """The curve of every arm that was timed."""
        return tuple(curve for curve in map(self.curve, self.arms) if curve.numbers)
