"""How dlmagic picks, for :mod:`tests.magics.gpus.pick.player`."""

from __future__ import annotations

import random
import time

import pynvml  # noqa: F401 - here and not in the first round

from dlmagic.devices.gpus.gpu import GpuReadings
from dlmagic.devices.gpus.reader import GpuReader
from dlmagic.errors import PickError
from dlmagic.magics.gpus.pick.twin import pick_gpus
from tests.magics.gpus.pick.player import Chosen


def dlmagic() -> Chosen:
    """One GPU through ``pick_gpus``.

    On a machine so busy that the driver's answer comes too late, it is told that there is none.
    """
    try:
        pick = pick_gpus()
    except PickError:
        return (), lambda: None
    return pick.uuids, pick.release


def read_slowly(reader: GpuReader) -> GpuReadings:
    """What it reads, after which time goes by before anything is done about it."""
    readings = _read(reader)
    time.sleep(random.uniform(0, 0.005))
    return readings


_read = GpuReader.read
GpuReader.read = read_slowly  # type: ignore[method-assign]
