"""Where and with what a result was made: stamped on every result.

Looking must not change anything, so nothing is imported that the user has not
imported, and no driver is started.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from types import ModuleType
from typing import Any

from dlmagic.devices.machine.packages import Package, installed_packages
from dlmagic.devices.machine.processor import allowed_cores, processor_name

FRAMEWORKS = ("torch", "tensorflow", "keras", "jax", "numba")
"""Named in a result when the user has imported them."""

ALWAYS = ("numpy", "scipy")
"""Named in every result."""


@dataclass(frozen=True)
class Environment:
    """The machine and the software behind a result; every field is plain JSON data.

    Attributes:
        created: Time of the capture, ISO 8601 in UTC.
        dlmagic: Version of this package.
        python: Such as ``"3.12.4"``.
        platform: Operating system with its version.
        processor: Name of the CPU model, or of its architecture where no more is known.
        cores: CPU cores that this process may use.
        memory_bytes: Main memory of the machine.
        packages: Version by package name.
        threads: Threads that a framework computes with, by its name.
        settings: A framework's global settings that decide about speed or precision, by
            its name; filled by whoever asked the framework.
        devices: Names of the accelerators that are already in use by a framework.
    """

    created: str
    dlmagic: str
    python: str
    platform: str
    processor: str
    cores: int
    memory_bytes: int
    packages: dict[str, str] = field(default_factory=dict)
    threads: dict[str, int] = field(default_factory=dict)
    devices: tuple[str, ...] = ()
    settings: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def capture(cls) -> Environment:
        """The environment of this process, now."""
        import psutil

        import dlmagic

        return cls(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            dlmagic=dlmagic.__version__,
            python=platform.python_version(),
            platform=f"{platform.system()} {platform.release()}",
            processor=processor_name(),
            cores=allowed_cores(),
            memory_bytes=int(psutil.virtual_memory().total),
            packages=dict(_packages()),
            threads=dict(_threads()),
            devices=tuple(_devices()),
        )


def _packages() -> Iterator[tuple[str, str]]:
    for name in ALWAYS:
        loaded = getattr(sys.modules.get(name), "__version__", None)
        yield name, str(loaded or _installed_version(name))
    for name, module in _imported_frameworks():
        yield name, str(getattr(module, "__version__", "unknown"))


def _installed_version(name: str) -> str:
    found = _installed().get(name)
    if found is not None:
        return found.version
    import importlib.metadata  # takes some 20 ms, and is hardly ever needed

    return importlib.metadata.version(name)


@cache
def _installed() -> dict[str, Package]:
    """Read once: what is in use stays the same, whatever is installed beside it later."""
    return installed_packages()


def _imported_frameworks() -> Iterator[tuple[str, ModuleType]]:
    for name in FRAMEWORKS:
        module = sys.modules.get(name)
        if module is not None:
            yield name, module


def _threads() -> Iterator[tuple[str, int]]:
    for name, module in _imported_frameworks():
        count = getattr(module, "get_num_threads", None)
        if count is not None:
            yield name, _threads_of_numba(module) if name == "numba" else int(count())


def _threads_of_numba(numba: Any) -> int:
    """Asked before they run, numba would start them, and set PyTorch's number with its own."""
    try:
        numba.threading_layer()
    except ValueError:
        return int(numba.config.NUMBA_NUM_THREADS)
    return int(numba.get_num_threads())


def _devices() -> Iterator[str]:
    torch = sys.modules.get("torch")
    cuda = getattr(torch, "cuda", None)
    # Asking a CUDA that is not in use for its devices would start the driver.
    if cuda is not None and cuda.is_initialized():
        for index in range(cuda.device_count()):
            yield str(cuda.get_device_name(index))
