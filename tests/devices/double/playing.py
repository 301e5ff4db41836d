"""The binding of this process, talking to a machine of the double."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pynvml

from tests.devices.double.machine import Machine


@contextmanager
def played_here(machine: Machine, libraries: Path) -> Iterator[None]:
    """Let it talk to the machine; afterwards to what it talked to before."""
    before = pynvml.nvmlLib, os.environ.get("FAKE_NVML")
    talk_to(ctypes.CDLL(str(libraries / "libnvidia-ml.so.1")), str(machine.path))
    try:
        yield
    finally:
        talk_to(*before)


def talk_to(library: ctypes.CDLL | None, state: str | None) -> None:
    pynvml.nvmlLib = library
    pynvml._nvmlGetFunctionPointer_cache.clear()
    os.environ.pop("FAKE_NVML", None)
    if state is not None:
        os.environ["FAKE_NVML"] = state
