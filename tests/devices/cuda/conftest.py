"""Readings of a machine of the double."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dlmagic.devices.gpus.gpu import GpuReadings
from dlmagic.devices.gpus.reader import GpuReader
from tests.devices.double.boards import Board


@pytest.fixture
def readings(machine) -> Callable[..., GpuReadings]:
    """What is read of these boards."""

    def made(*boards: Board, **settings) -> GpuReadings:
        faults = settings.pop("faults", ())
        played = machine(*boards, **settings)
        for fault in faults:
            played.break_down(**fault)
        with GpuReader() as reader:
            return reader.read()

    return made
