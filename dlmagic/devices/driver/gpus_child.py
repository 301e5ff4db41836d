"""Reads the GPUs in a process of its own, which a driver in trouble may take down."""

from __future__ import annotations

from typing import Any

from dlmagic.codec import encode
from dlmagic.devices.gpus.gpu import GpuReadings
from dlmagic.devices.gpus.reader import GpuReader


def look() -> Any:
    """The readings, as JSON can hold them."""
    with GpuReader() as reader:
        return encode(reader.read(), GpuReadings, "readings")
