"""How far numba has got with CUDA in this process."""

from __future__ import annotations

import os

from dlmagic.frameworks.devices_made import DevicesMade
from dlmagic.frameworks.numba import _compat as compat


def devices_made() -> DevicesMade:
    """What numba has decided: it tries to start CUDA once, and keeps to a failure."""
    driver = compat.cuda_driver()
    if driver is None or not driver.tried:
        return DevicesMade("numba", started_cuda=False)
    if driver.error is not None:
        why = driver.error.strip().partition("\n")[0].rstrip(".")
        settled = f"numba has found no CUDA ({why})"
        return DevicesMade("numba", False, settled, decided=True)
    forked = driver.pid is not None and driver.pid != os.getpid()
    return DevicesMade("numba", started_cuda=True, decided=True, forked=forked)
