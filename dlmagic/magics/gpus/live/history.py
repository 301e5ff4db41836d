"""Readings of any number in memory of a fixed size: long histories keep means of neighbours."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus.live.measured import QUANTITIES, Measured, Moment
from dlmagic.magics.gpus.live.result import Course, DeviceHistory, GpuHistory

MOST_POINTS = 480
"""Points of a course; of more, two become one."""

MOST_NEWS = 150
"""Newest readings that a page gets when it opens."""


_NOTHING = Reason("nothing was read")


@dataclass
class _Course:
    """A course that grows."""

    points: list[float | None]
    open: list[float] = field(default_factory=list)  # readings of the point to come
    count: int = 0
    total: float = 0.0
    least: float | None = None
    most: float | None = None
    last: float | Reason = _NOTHING

    def add(self, value: float | Reason) -> None:
        self.last = value
        if isinstance(value, Reason):
            return
        self.open.append(value)
        self.count, self.total = self.count + 1, self.total + value
        self.least = value if self.least is None else min(self.least, value)
        self.most = value if self.most is None else max(self.most, value)

    def close_point(self) -> None:
        self.points.append(_mean(self.open))
        self.open = []

    def halve(self) -> None:
        self.points = [_mean(pair) for pair in zip(*[iter(self.points)] * 2, strict=True)]

    def course(self, unfinished: bool) -> Course:
        """As a value; the point to come may have readings already."""
        points = (*self.points, _mean(self.open)) if unfinished else tuple(self.points)
        mean = self.total / self.count if self.count else None
        if isinstance(self.last, Reason):
            return Course(points, self.least, mean, self.most, None, str(self.last))
        return Course(points, self.least, mean, self.most, self.last)


class History:
    """What was read so far.

    Args:
        period: Seconds between two readings.
    """

    def __init__(self, period: float) -> None:
        self.period = period
        self.readings = 0
        self.latest: dict[str, Measured] = {}
        """Each device that was ever read, as it was the last time."""
        self.news: deque[dict[str, Any]] = deque(maxlen=MOST_NEWS)
        """The newest readings as plain data, for a page."""
        self._courses: dict[str, dict[str, _Course]] = {}
        self._times: list[float] = []
        self._each = 1  # readings of one point
        self._first: float | None = None
        self._began = ""
        self.missing: Reason | None = None
        """Why there is no NVIDIA GPU."""

    def add(self, at: float, moment: Moment) -> bool:
        """Add a reading; whether :meth:`names` are others now.

        Args:
            at: When, in seconds of any clock.
            moment: What was read.
        """
        if self._first is None:
            self._first, self._began = at, datetime.now(UTC).isoformat(timespec="seconds")
        shown = self.names()
        for key in moment.devices:
            self._courses.setdefault(key, self._empty_courses())
        self.latest.update(moment.devices)
        self.missing = moment.missing
        self._add_to_courses(at - self._first, moment)
        self.news.append({"at": round(at - self._first, 2), "values": self._plain(moment)})
        return self.names() != shown

    def names(self) -> list[str]:
        """What each device is called now."""
        return [each.name for each in self.latest.values()]

    def result(self, ended: str = "", **stamped: Any) -> GpuHistory:
        """All of it, as a value.

        Args:
            ended: Why it ended.
            stamped: Fields that all results have.
        """
        devices = (self._device(key, measured) for key, measured in self.latest.items())
        return GpuHistory(
            devices=tuple(devices),
            times=tuple(self._times),
            period=self.period,
            readings=self.readings,
            began=self._began,
            missing="" if self.missing is None else str(self.missing),
            ended=ended,
            **stamped,
        )

    def _add_to_courses(self, at: float, moment: Moment) -> None:
        gone = Reason("the device is not listed any more")
        if not self._unfinished:
            self._times.append(round(at, 2))
        self.readings += 1
        for key, courses in self._courses.items():
            measured = moment.devices.get(key)
            for name, course in courses.items():
                course.add(gone if measured is None else getattr(measured, name))
                if not self._unfinished:
                    course.close_point()
        if len(self._times) == MOST_POINTS and not self._unfinished:
            self._halve()

    @property
    def _unfinished(self) -> bool:
        """Whether the newest point waits for more readings."""
        return self.readings % self._each != 0

    def _halve(self) -> None:
        self._times = self._times[::2]
        self._each *= 2
        for courses in self._courses.values():
            for course in courses.values():
                course.halve()

    def _empty_courses(self) -> dict[str, _Course]:
        """Of a device that was not there before."""
        points = self.readings // self._each
        return {name: _Course([None] * points) for name in QUANTITIES}

    def _device(self, key: str, measured: Measured) -> DeviceHistory:
        total = measured.memory_total
        courses = {
            name: course.course(self._unfinished) for name, course in self._courses[key].items()
        }
        known = None if isinstance(total, Reason) else float(total)
        return DeviceHistory(key, measured.name, measured.kind, known, **courses)

    def _plain(self, moment: Moment) -> list[list[float | str] | None]:
        """Of each device used and total memory, utilisation and temperature, or why not."""
        return [_plain(moment.devices.get(key)) for key in self.latest]


def _plain(measured: Measured | None) -> list[float | str] | None:
    if measured is None:
        return None
    values = (measured.memory, measured.memory_total, measured.utilization, measured.temperature)
    return [str(each) if isinstance(each, Reason) else round(each, 1) for each in values]


def _mean(values: Iterable[float | None]) -> float | None:
    known = [each for each in values if each is not None]
    return statistics.fmean(known) if known else None
