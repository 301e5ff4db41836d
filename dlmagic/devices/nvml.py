"""The energy that GPUs use, as NVIDIA's management library (NVML) counts it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from dlmagic.devices.binding import Binding
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
    """The counters of the GPUs' boards; the library is started at the first reading."""

    window = 2.0
    """Seconds; the counter is refreshed every 20 to 100 ms."""

    def __init__(self) -> None:
        self._binding = Binding()
        self._handles: dict[str, Any] | Reason | None = None

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
        found = {}
        for uuid, handle in wanted.items():
            millijoules = self._binding.ask("nvmlDeviceGetTotalEnergyConsumption", of=(handle,))
            if isinstance(millijoules, Reason):
                return Reason(f"the energy of a GPU is not known: {millijoules}")
            found[uuid] = millijoules / 1000
        return found

    def close(self) -> None:
        """Leave the driver: an open one keeps a laptop's GPU awake."""
        self._binding.stop()
        self._handles = None

    def _listed(self) -> dict[str, Any] | Reason:
        """Each GPU's handle by UUID; asked for once."""
        if self._handles is None:
            self._handles = self._binding.start() or self._list()
        return self._handles

    def _list(self) -> dict[str, Any] | Reason:
        """The GPUs that may be read; one that refuses does not hide the others."""
        count = self._binding.ask("nvmlDeviceGetCount")
        if isinstance(count, Reason):
            return count
        found: dict[str, Any] = {}
        refused: Reason | None = None
        for index in range(count):
            handle = self._binding.ask("nvmlDeviceGetHandleByIndex", of=(index,))
            uuid = handle if isinstance(handle, Reason) else self._uuid(handle)
            if isinstance(uuid, Reason):
                refused = uuid
            else:
                found[uuid] = handle
        return found or refused or NO_GPU

    def _uuid(self, handle: Any) -> str | Reason:
        return self._binding.text("nvmlDeviceGetUUID", handle)


def _of_these(
    handles: Mapping[str, Any], devices: Iterable[str] | None
) -> Mapping[str, Any] | Reason:
    """The handles of the named devices; frameworks leave out the prefix of a UUID."""
    if devices is None:
        return handles
    named = {device.removeprefix("GPU-") for device in devices}
    found = {uuid: h for uuid, h in handles.items() if uuid.removeprefix("GPU-") in named}
    if len(found) < len(named):
        return Reason("NVIDIA's driver does not list the GPU that the cell uses")
    return found
