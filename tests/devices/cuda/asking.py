"""What CUDA itself, played by the double, makes of settings: a cuInit for each."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.devices.double.machine import Machine

_PROGRAM = """
import ctypes, json, os, sys
cuda = ctypes.CDLL("libcuda.so.1")
def devices():
    if cuda.cuInit(0):
        return []
    count, uuid = ctypes.c_int(), ctypes.create_string_buffer(16)
    cuda.cuDeviceGetCount(ctypes.byref(count))
    found = []
    for index in range(count.value):
        cuda.cuDeviceGetUuid_v2(uuid, index)
        found.append(uuid.raw.hex())
    return found
for line in sys.stdin:
    for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"):
        os.environ.pop(name, None)
    os.environ.update(json.loads(line))
    cuda.fake_begin_anew()
    print(json.dumps(devices()), flush=True)
"""


class Cuda:
    """A process that answers which devices CUDA has in an environment, as bare UUIDs."""

    def __init__(self, machine: Machine, libraries: Path) -> None:
        environment = machine.environment(libraries)
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        command = [sys.executable, "-S", "-c", _PROGRAM]
        self._process = subprocess.Popen(command, env=environment, **pipes)

    def devices(self, environment: Mapping[str, str]) -> list[str]:
        """The digits of the UUIDs, in CUDA's order."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(dict(environment)) + "\n")
        self._process.stdin.flush()
        found: list[str] = json.loads(self._process.stdout.readline())
        return found

    def __enter__(self) -> Cuda:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()
