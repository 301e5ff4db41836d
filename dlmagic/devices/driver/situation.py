"""Where a check looks: this process and its machine, or those of a test."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlmagic.devices.cuda.state import CudaState, read_cuda_state
from dlmagic.devices.machine.roots import ROOTS, Roots

_READ_AT_START = "LD_LIBRARY_PATH"
"""The loader of libraries reads it when a program starts, and looks at no later change."""


@dataclass(frozen=True)
class Situation:
    """Of a process that wants to compute on a GPU.

    Attributes:
        environ: Its environment variables, as they are now.
        path: Where it looks for modules.
        modules: What it has imported.
        roots: Where Linux tells about its machine.
        system: ``"Linux"``, ``"Darwin"`` or ``"Windows"``.
        cuda: How far CUDA has got in it; None where that was not looked at.
    """

    environ: Mapping[str, str]
    path: tuple[str, ...]
    modules: Mapping[str, Any] = field(default_factory=dict)
    roots: Roots = ROOTS
    system: str = "Linux"
    cuda: CudaState | None = None

    @classmethod
    def here(cls) -> Situation:
        """That of this process."""
        environ = {name: value for name, value in os.environ.items() if name != _READ_AT_START}
        at_start = _at_start(_READ_AT_START)
        if at_start is not None:
            environ[_READ_AT_START] = at_start
        state = read_cuda_state()
        return cls(environ, tuple(sys.path), sys.modules, ROOTS, platform.system(), state)


def _at_start(name: str) -> str | None:
    """What a variable was when this process started; what it is now where that is not told."""
    try:
        started_with = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return os.environ.get(name)
    values = (each.partition(b"=") for each in started_with)
    return next((os.fsdecode(value) for key, _, value in values if key == name.encode()), None)
