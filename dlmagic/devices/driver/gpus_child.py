"""Reads the GPUs in a process of its own, which a driver in trouble may take down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlmagic.codec import encode
from dlmagic.devices.gpus.gpu import GpuReadings
from dlmagic.devices.gpus.reader import GpuReader


def look(bound: str) -> Any:
    """The readings, as JSON can hold them.

    Args:
        bound: Where the kernel lists the GPUs on the bus, and which of them sleep.
    """
    with GpuReader(bound=Path(bound)) as reader:
        return encode(reader.read(), GpuReadings, "readings")
