"""Which devices ``CUDA_VISIBLE_DEVICES`` leaves to this process, read as CUDA reads it.

CUDA takes the entries up to the first that it cannot use, says nothing, and goes on with what it
has. All entries must be of the kind of the first (numbers, GPU UUIDs or MIG UUIDs); a device that
is named twice hides all. A process gets whole GPUs, or one instance (MIG) and nothing beside it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dlmagic.devices.cuda.device import CudaDevice, all_devices
from dlmagic.devices.cuda.entries import Entry, entries_of
from dlmagic.devices.cuda.finding import find_device
from dlmagic.devices.cuda.numbering import Numbering, number_devices
from dlmagic.devices.gpus.gpu import GpuReadings
from dlmagic.devices.reading import Reason

VARIABLE = "CUDA_VISIBLE_DEVICES"

_EMPTY = Reason(f"{VARIABLE} is empty, which hides all GPUs")
_ONE_KIND = Reason("CUDA takes entries of one kind only, and the first is of another")
_ONE_PART = Reason("CUDA gives a process one instance (MIG) and nothing beside it")
_NONE_ALLOWED = Reason("none of the GPUs here may be used by this process")


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
        devices: What CUDA uses, in its order.
        named: What the list names; more than CUDA uses where it names several instances.
        refused: The entries that do not count.
        doubt: Why CUDA may mean others by these numbers; None where it cannot.
        nothing: Why there are none; None where there are some.
    """

    setting: str | None
    devices: tuple[CudaDevice, ...]
    named: tuple[CudaDevice, ...]
    refused: tuple[Refused, ...] = ()
    doubt: Reason | None = None
    nothing: Reason | None = None

    @property
    def uuids(self) -> tuple[str, ...]:
        """The UUIDs of the devices, as far as they are known."""
        found = (device.uuid for device in self.devices)
        return tuple(uuid for uuid in found if not isinstance(uuid, Reason))


def visible_devices(readings: GpuReadings, environment: Mapping[str, str] | None = None) -> Visible:
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
        devices = _one_part(numbering.devices)
        nothing = None if devices else readings.missing or _NONE_ALLOWED
        everything = all_devices(readings)
        return Visible(None, devices, everything, (), numbering.doubt if devices else None, nothing)
    entries = entries_of(setting)
    taken, refused = _taken(entries, numbering, readings)
    named = tuple(taken.values())
    devices = _one_part(named)
    beside = [entry for entry, device in taken.items() if device not in devices]
    refused = (*(Refused(entry.text, _ONE_PART) for entry in beside), *refused)
    if not devices:
        return Visible(setting, (), (), refused, None, _why_nothing(setting, refused, readings))
    doubt = numbering.doubt if entries[0].is_number else None
    return Visible(setting, devices, named, refused, doubt)


_Taken = dict[Entry, CudaDevice]


def _taken(
    entries: Sequence[Entry], numbering: Numbering, readings: GpuReadings
) -> tuple[_Taken, tuple[Refused, ...]]:
    """The devices of the entries, up to the first that is refused; and those refused."""
    found: _Taken = {}
    for place, entry in enumerate(entries):
        device = find_device(entry, numbering, readings)
        if entry.kind not in ("nothing", entries[0].kind):
            device = _ONE_KIND
        if isinstance(device, Reason):
            return found, _refused_from(entries[place:], device)
        if device in found.values():
            why = Reason(f"{device.words} is named twice, which hides all")
            return {}, tuple(Refused(each.text, why) for each in entries)
        found[entry] = device
    return found, ()


def _refused_from(entries: Sequence[Entry], why: Reason) -> tuple[Refused, ...]:
    first, *others = entries
    after = Reason(f"it stands after {first.text!r}, where CUDA stops reading")
    return (Refused(first.text, why), *(Refused(each.text, after) for each in others))


def _one_part(devices: tuple[CudaDevice, ...]) -> tuple[CudaDevice, ...]:
    parts = tuple(each for each in devices if each.part is not None)
    return parts[:1] or devices


def _why_nothing(setting: str, refused: Sequence[Refused], readings: GpuReadings) -> Reason:
    if readings.missing is not None:
        return readings.missing
    if not setting:
        return _EMPTY
    return Reason(f"{VARIABLE}={setting} hides all GPUs: {refused[0].why}")
