"""What is read of a device at one moment, for a view of its course."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from dlmagic.devices.reading import Reason

Kind = Literal["GPU", "part of a GPU", "machine"]

QUANTITIES = ("memory", "utilization", "temperature")
"""What has a course."""


@dataclass(frozen=True)
class Measured:
    """One device at one moment.

    Attributes:
        key: The same at all moments.
        name: What the reader calls it.
        kind: Of which kind it is.
        memory: Bytes in use.
        memory_total: Bytes that there are.
        utilization: Percent.
        temperature: Degrees Celsius.
    """

    key: str
    name: str
    kind: Kind
    memory: float | Reason
    memory_total: float | Reason
    utilization: float | Reason
    temperature: float | Reason

    def quantities(self) -> Iterator[tuple[str, float | Reason]]:
        """Name and value of each of :data:`QUANTITIES`."""
        return ((name, getattr(self, name)) for name in QUANTITIES)


@dataclass(frozen=True)
class Moment:
    """All devices at one moment.

    Attributes:
        devices: By key, in the order in which they are shown.
        missing: Why there is no NVIDIA GPU; None where there are some.
    """

    devices: Mapping[str, Measured]
    missing: Reason | None = None
