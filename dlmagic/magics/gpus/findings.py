"""What a user should know about the GPUs beside their numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from dlmagic.devices.cuda.preallocating import preallocating
from dlmagic.devices.reading import Reason
from dlmagic.display.units import listed
from dlmagic.finding import Finding, Fix
from dlmagic.magics.gpus.result import GpuInfo

_HARMFUL = ("hardware slowdown", "too warm (software)", "too warm (hardware)", "power supply")


def findings_about(gpus: Sequence[GpuInfo]) -> Iterator[Finding]:
    """What is wrong with the GPUs, and what cannot be trusted; the worst first."""
    yield from wrong_with(gpus)
    if gpus and not any(map(_used_by_this_kernel, gpus)):
        yield from _takers()


def wrong_with(gpus: Sequence[GpuInfo]) -> Iterator[Finding]:
    """The same without what this process itself may do to them."""
    yield from _troubles(gpus)
    yield from _slowed(gpus)
    yield from _doubts(gpus)


def _troubles(gpus: Sequence[GpuInfo]) -> Iterator[Finding]:
    for why, which in _grouped(gpus, lambda gpu: [] if gpu.asleep else [gpu.trouble]):
        yield Finding("gpu-unusable", "error", f"{_named(which)} cannot be used: {why}.")


def _slowed(gpus: Sequence[GpuInfo]) -> Iterator[Finding]:
    def causes(gpu: GpuInfo) -> Iterable[str]:
        return [] if isinstance(gpu.throttling, Reason) else gpu.throttling

    for why, which in _grouped(gpus, causes):
        if why in _HARMFUL:
            verb = "is" if len(which) == 1 else "are"
            message = f"{_named(which)} {verb} slowed down: {why}."
            yield Finding("gpu-slowed-down", "warning", message)


def _doubts(gpus: Sequence[GpuInfo]) -> Iterator[Finding]:
    for why, which in _grouped(gpus, lambda gpu: () if _unread(gpu) else gpu.doubts):
        where = "" if len(which) == len(gpus) else f" of {_named(which)}"
        message = f"The list of processes{where} may be incomplete: {why}."
        yield Finding("processes-missing", "warning", message)


def _unread(gpu: GpuInfo) -> bool:
    """Whether so little of it is known that a list of processes is no matter."""
    return gpu.trouble is not None or isinstance(gpu.processes, Reason)


def _takers() -> Iterator[Finding]:
    """Frameworks in use that will take a GPU's memory, as long as they can be kept from it."""
    for each in preallocating():
        if each.loaded and each.switches:
            switch = each.switches[0]
            message = f"{each.framework} takes {each.takes}."
            fix = Fix(f"Before that, run this, and it {switch.effect}:", switch.code)
            yield Finding("preallocation", "hint", message, fix=fix)


def _used_by_this_kernel(gpu: GpuInfo) -> bool:
    people = gpu.processes if isinstance(gpu.processes, tuple) else ()
    return any(each.whose == "this kernel" for each in people)


def _grouped(
    gpus: Sequence[GpuInfo], words: Callable[[GpuInfo], Iterable[object]]
) -> list[tuple[str, list[GpuInfo]]]:
    """Each text once, with the GPUs for which it is said."""
    found: dict[str, list[GpuInfo]] = {}
    for gpu in gpus:
        for text in words(gpu):
            if text is not None:
                found.setdefault(str(text), []).append(gpu)
    return list(found.items())


def _named(gpus: Sequence[GpuInfo]) -> str:
    names = [gpu.label for gpu in gpus]
    return f"GPU {names[0]}" if len(names) == 1 else f"GPUs {listed(names)}"
