"""What NVIDIA's management library (NVML) reads; it is started at the first reading, not before."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from types import ModuleType
from typing import Protocol

from dlmagic.devices.reading import Reason

NO_GPU = Reason("no NVIDIA GPU is listed here")


class EnergyMeter(Protocol):
    """Something that counts energy, by device.

    Attributes:
        window: Seconds that must lie between two readings for their difference to mean something.
    """

    @property
    def window(self) -> float:
        """Seconds between two readings, at least."""

    def joules(self, devices: Sequence[str] | None = None) -> Mapping[str, float] | Reason:
        """Energy that each device has used since a moment in the past, in joules.

        Args:
            devices: UUIDs of the devices; None for all that there are.
        """

    def close(self) -> None:
        """Let go of the devices; a later reading takes them up again."""


class Nvml:
    """The counters of the GPUs' boards.

    Args:
        library: The module ``pynvml`` (package nvidia-ml-py); None imports it when needed.
    """

    window = 2.0
    """Seconds; the counter is refreshed every 20 to 100 ms."""

    def __init__(self, library: ModuleType | None = None) -> None:
        self._library = library
        self._handles: dict[str, object] | Reason | None = None

    def joules(self, devices: Sequence[str] | None = None) -> Mapping[str, float] | Reason:
        """Total energy of each board since the driver was loaded, in joules, by UUID.

        GPUs from Volta on have such a counter; only differences over :attr:`window` or more
        mean something.
        """
        handles = self._listed()
        if isinstance(handles, Reason):
            return handles
        wanted = _of_these(handles, devices)
        if isinstance(wanted, Reason):
            return wanted
        library = self._pynvml()
        try:
            return {
                uuid: library.nvmlDeviceGetTotalEnergyConsumption(handle) / 1000
                for uuid, handle in wanted.items()
            }
        except library.NVMLError as error:
            return Reason(f"the GPU's driver does not tell its energy ({error})")

    def close(self) -> None:
        """Leave the driver: an open one keeps a laptop's GPU awake."""
        if isinstance(self._handles, dict):
            with suppress(self._pynvml().NVMLError):
                self._pynvml().nvmlShutdown()
        self._handles = None

    def _listed(self) -> dict[str, object] | Reason:
        """Each GPU's handle by UUID; asked for once."""
        if self._handles is None:
            self._handles = self._list()
        return self._handles

    def _list(self) -> dict[str, object] | Reason:
        try:
            library = self._pynvml()
        except ImportError:
            return Reason("the package nvidia-ml-py is not installed")
        try:
            library.nvmlInit()
            indices = range(library.nvmlDeviceGetCount())
            handles = [library.nvmlDeviceGetHandleByIndex(index) for index in indices]
            found = {_text(library.nvmlDeviceGetUUID(handle)): handle for handle in handles}
        except library.NVMLError as error:
            if isinstance(error, getattr(library, "NVMLError_LibraryNotFound", ())):
                return Reason("this machine has no NVIDIA driver")
            return Reason(f"NVIDIA's driver answers: {error}")
        return found or NO_GPU

    def _pynvml(self) -> ModuleType:
        if self._library is None:
            self._library = importlib.import_module("pynvml")
        return self._library


def _of_these(
    handles: Mapping[str, object], devices: Iterable[str] | None
) -> Mapping[str, object] | Reason:
    """The handles of the named devices; frameworks leave out the prefix of a UUID."""
    if devices is None:
        return handles
    named = {device.removeprefix("GPU-") for device in devices}
    found = {uuid: h for uuid, h in handles.items() if uuid.removeprefix("GPU-") in named}
    if len(found) < len(named):
        return Reason("NVIDIA's driver does not list the GPU that the cell uses")
    return found


def _text(name: str | bytes) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name
