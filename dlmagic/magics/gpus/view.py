"""How the devices of a machine look."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.devices.reading import Reason
from dlmagic.display.findings import notice
from dlmagic.display.parts import Document, Fold, Part, sentence
from dlmagic.display.units import data_size, listed
from dlmagic.magics.gpus.gaps import gaps
from dlmagic.magics.gpus.gpu_tables import gpu_table, part_table
from dlmagic.magics.gpus.machine_list import machine_list
from dlmagic.magics.gpus.machine_tables import cores, machine_parts
from dlmagic.magics.gpus.process_table import process_parts
from dlmagic.magics.gpus.result import GpuReport

_MOST_FINDINGS = 12


def document(report: GpuReport) -> Document:
    """Which GPUs are free, who uses the others, and what else there is to compute on."""
    return Document((sentence(_answer(report), role="answer"), *_parts(report)))


def _answer(report: GpuReport) -> str:
    if not report.gpus:
        several = len(report.machines) > 1
        return "None of the hosts has a GPU." if several else report.missing
    devices, free = report.devices, report.free
    kind = "GPU" if len(devices) == len(report.gpus) else "GPU or instance"
    if len(devices) == 1:
        return f"The {kind} is {'free' if free else 'not free'}: {devices[0].why}."
    if not free:
        return f"None of {len(devices)} {_several(kind)} is free."
    verb = "is" if len(free) == 1 else "are"
    return f"{len(free)} of {len(devices)} {_several(kind)} {verb} free: {_names(report)}."


def _several(kind: str) -> str:
    return kind.replace("GPU", "GPUs").replace("instance", "instances").replace(" or ", " and ")


def _names(report: GpuReport) -> str:
    return listed(each.label for each in report.free)


def _parts(report: GpuReport) -> Iterator[Part]:
    shown = report.findings[:_MOST_FINDINGS]
    yield from map(notice, shown)
    if len(shown) < len(report.findings):
        more = len(report.findings) - len(shown)
        yield sentence(f"And {more} more in report.findings.", role="note")
    if report.machines:
        yield from _tables(report)
        yield from machine_list(report.machines)
        return
    if not report.gpus:
        yield from machine_parts(report)
        return
    yield from _tables(report)
    yield sentence(_driver(report), role="note")
    yield Fold("This machine", tuple(machine_parts(report)), instead=_machine(report))


def _tables(report: GpuReport) -> Iterator[Part]:
    """The GPUs, their instances, who is on them, and what is not known."""
    if not report.gpus:
        return
    yield from gpu_table(report.gpus)
    yield from part_table(report.gpus)
    yield from process_parts(report.gpus)
    yield from gaps(report.gpus)


def _driver(report: GpuReport) -> str:
    driver = report.driver
    known = "of unknown version" if isinstance(driver, Reason) else driver
    if isinstance(report.cuda, Reason):
        return f"NVIDIA's driver {known}."
    return f"NVIDIA's driver {known}, for CUDA up to {'.'.join(map(str, report.cuda))}."


def _machine(report: GpuReport) -> str:
    host = report.host
    memory = f"{data_size(host.memory_available)} of {data_size(host.memory_total)}"
    return f"{host.processor}, {cores(host)}, {memory} of memory left"
