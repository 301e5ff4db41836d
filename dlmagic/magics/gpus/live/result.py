"""What a live view leaves: the course of each device, and its extremes and means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dlmagic.result import Result


@dataclass(frozen=True)
class Course:
    """One quantity of one device over time.

    Attributes:
        values: At the times of the history; None where nothing was read. In a long history each
            stands for some readings, as their mean.
        least: Of all readings; None without any.
        mean: Likewise.
        most: Likewise.
        last: The newest reading, or None where it failed.
        why: Why the newest reading failed; an empty text otherwise.
    """

    values: tuple[float | None, ...]
    least: float | None
    mean: float | None
    most: float | None
    last: float | None
    why: str = ""


@dataclass(frozen=True)
class DeviceHistory:
    """One device over time.

    Attributes:
        key: The same in all readings.
        name: Such as ``"GPU 0: NVIDIA H100 80GB HBM3"``.
        kind: ``"GPU"``, ``"part of a GPU"`` (MIG), or ``"machine"``.
        memory_total: Bytes that there are; None where that is not known.
        memory: Bytes in use.
        utilization: Percent of the moments before each reading in which it was busy.
        temperature: Degrees Celsius.
    """

    key: str
    name: str
    kind: str
    memory_total: float | None
    memory: Course
    utilization: Course
    temperature: Course


@dataclass(frozen=True, repr=False, kw_only=True)
class GpuHistory(Result):
    """What the devices did while they were looked at.

    Attributes:
        devices: In the order in which they were shown.
        times: Seconds since the first reading; nothing was read while nobody looked.
        period: Seconds between two readings, as asked for.
        readings: How many there were.
        began: The time of the first reading, ISO 8601 in UTC; empty without one.
        missing: Why there is no NVIDIA GPU; an empty text where there are some.
        ended: Why it ended; an empty text while it goes on.
    """

    view: ClassVar[str] = "dlmagic.magics.gpus.live.view"

    devices: tuple[DeviceHistory, ...] = ()
    times: tuple[float, ...] = ()
    period: float = 0.0
    readings: int = 0
    began: str = ""
    missing: str = ""
    ended: str = ""

    def __getitem__(self, name: str) -> DeviceHistory:
        """The device of this name or key.

        Raises:
            KeyError: There is none.
        """
        for each in self.devices:
            if name in (each.name, each.key):
                return each
        raise KeyError(name)
