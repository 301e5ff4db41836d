"""Which devices ``CUDA_VISIBLE_DEVICES`` leaves to this process, read as CUDA reads it.

CUDA takes the entries up to the first that it cannot use, says nothing, and goes on with what it
has. All entries must be of the kind of the first (numbers, GPU UUIDs or MIG UUIDs); a device that
is named twice hides all. A process gets whole GPUs, or one instance (MIG) and nothing beside it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dlmagic.devices.cuda.device import CudaDevice
from dlmagic.devices.cuda.entries import Entry, entries_of
from dlmagic.devices.cuda.finding import find_device
from dlmagic.devices.cuda.numbering import Numbering, number_devices
from dlmagic.devices.gpus.gpu import GpuReadings
from dlmagic.devices.reading import Reason

VARIABLE = "CUDA_VISIBLE_DEVICES"

_EMPTY = Reason(f"{VARIABLE} is empty, which hides all GPUs")
_ONE_KIND = "CUDA takes entries of one kind only, and the first is of another"
_ONE_PART = "CUDA gives a process one instance (MIG) and nothing beside it"


@dataclass(frozen=True)
class Refused:
    """An entry that CUDA does not take.

    Attributes:
        entry: As it is written.
        why: Why it does not count.
    """

    entry: str
    why: Reason


@dataclass(frozen=True)
class Visible:
    """What a list of devices leaves to this process.

    Attributes:
        setting: The list; None where there is none.
        devices: What may be used, in CUDA's order.
        refused: The entries that do not count.
        doubt: Why CUDA may mean others by these numbers; None where it cannot.
        nothing: Why there are none; None where there are some.
    """

    setting: str | None
    devices: tuple[CudaDevice, ...]
    refused: tuple[Refused, ...] = ()
    doubt: Reason | None = None
    nothing: Reason | None = None

    @property
    def uuids(self) -> tuple[str, ...]:
        """The UUIDs of the devices, as far as they are known."""
        found = (device.uuid for device in self.devices)
        return tuple(uuid for uuid in found if not isinstance(uuid, Reason))


def visible_devices(
    readings: GpuReadings, environment: Mapping[str, str] | None = None
) -> Visible:
    """What CUDA would see in a process with this environment.

    Args:
        readings: The GPUs.
        environment: Variables and values; None for those of this process.
    """
    environment = os.environ if environment is None else environment
    return read_list(environment.get(VARIABLE), number_devices(readings, environment), readings)


def read_list(setting: str | None, numbering: Numbering, readings: GpuReadings) -> Visible:
    """What a list of devices means that is written as in ``CUDA_VISIBLE_DEVICES``."""
    if setting is None:
        found, refused = list(numbering.devices), []
    else:
        found, refused = _taken(entries_of(setting), numbering, readings)
    devices = _one_part(found)
    if setting is not None:
        refused += [Refused(each.words, Reason(_ONE_PART)) for each in found if each not in devices]
    numbered = setting is None or any(each.kind == "number" for each in entries_of(setting))
    doubt = numbering.doubt if numbered and devices else None
    nothing = None if devices else _why_nothing(setting, refused, readings)
    return Visible(setting, tuple(devices), tuple(refused), doubt, nothing)


def _taken(
    entries: Sequence[Entry], numbering: Numbering, readings: GpuReadings
) -> tuple[list[CudaDevice], list[Refused]]:
    """The devices of the entries, up to the first that is refused; and the others."""
    found: list[CudaDevice] = []
    for place, entry in enumerate(entries):
        device = find_device(entry, numbering, readings)
        if entry.kind not in ("nothing", entries[0].kind):
            device = Reason(_ONE_KIND)
        if isinstance(device, Reason):
            return found, _refused_from(entries[place:], device)
        if device in found:
            why = Reason(f"{device.words} is named twice, which hides all")
            return [], [Refused(each.text, why) for each in entries]
        found.append(device)
    return found, []


def _refused_from(entries: Sequence[Entry], why: Reason) -> list[Refused]:
    first, *others = entries
    after = Reason(f"it stands after {first.text!r}, where CUDA stops reading")
    return [Refused(first.text, why), *(Refused(each.text, after) for each in others)]


def _one_part(devices: list[CudaDevice]) -> list[CudaDevice]:
    parts = [each for each in devices if each.part is not None]
    return parts[:1] or devices


def _why_nothing(
    setting: str | None, refused: Sequence[Refused], readings: GpuReadings
) -> Reason | None:
    if readings.missing is not None:
        return readings.missing
    if setting == "":
        return _EMPTY
    if refused:
        return Reason(f"{VARIABLE}={setting} hides all GPUs: {refused[0].why}")
    return Reason("none of the GPUs may be used by this process")
