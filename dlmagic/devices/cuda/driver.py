"""CUDA's own library, if a framework has loaded it into this process; it is never loaded here."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

from dlmagic.devices.cuda.device import with_dashes
from dlmagic.devices.reading import Reason

_NOT_STARTED = 3  # CUDA_ERROR_NOT_INITIALIZED


def loaded_driver() -> Any | None:
    """The library, or None where nobody has loaded it."""
    if sys.platform == "win32":
        handle = ctypes.windll.kernel32.GetModuleHandleW("nvcuda.dll")
        return ctypes.WinDLL("nvcuda.dll") if handle else None
    only_if_loaded = getattr(os, "RTLD_NOLOAD", None)
    if only_if_loaded is None:
        return None
    try:
        return ctypes.CDLL("libcuda.so.1", mode=only_if_loaded | os.RTLD_NOW)
    except OSError:
        return None


def is_started(driver: Any) -> bool:
    """Whether CUDA was started in this process; it has read its settings then.

    A process that was forked from one where it was started says no, too.
    """
    return bool(driver.cuCtxGetCurrent(ctypes.byref(ctypes.c_void_p())) != _NOT_STARTED)


def devices_of(driver: Any) -> tuple[str, ...] | Reason:
    """The bare UUIDs of the devices that CUDA has in this process, in its order."""
    count = ctypes.c_int()
    code = driver.cuDeviceGetCount(ctypes.byref(count))
    if code:
        return Reason(f"CUDA does not tell its devices (CUDA error {code})", code)
    return _uuids(driver, count.value)


def _uuids(driver: Any, count: int) -> tuple[str, ...] | Reason:
    # The older function gives the GPU's UUID for an instance of it.
    ask = getattr(driver, "cuDeviceGetUuid_v2", None) or driver.cuDeviceGetUuid
    found, uuid = [], ctypes.create_string_buffer(16)
    for device in range(count):
        code = ask(uuid, device)
        if code:
            return Reason(f"CUDA does not tell the UUID of cuda:{device} (CUDA error {code})", code)
        found.append(with_dashes(uuid.raw.hex()))
    return tuple(found)
