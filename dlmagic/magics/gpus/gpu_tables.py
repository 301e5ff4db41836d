"""The tables of GPUs, and of the instances of those that are divided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlmagic.devices.reading import Reason
from dlmagic.display.parts import Column, Part, Span, Table, sentence, shorten
from dlmagic.display.units import data_size
from dlmagic.magics.gpus.result import GpuInfo, PartInfo

UNKNOWN = "–"
"""Stands for a number that is not told; why is told once below the tables."""

_MOST = 64
_LONGEST_NAME = 40
_LONGEST_REASON = 100
_MAKER = "NVIDIA "


def gpu_table(gpus: Sequence[GpuInfo]) -> Iterator[Part]:
    """One row for each GPU."""
    names = {_name(gpu) for gpu in gpus if isinstance(gpu.name, str)}
    together = len(names) < 2  # one that cannot tell its own is taken to be as the others
    columns = [Column("GPU")]
    columns += [] if together else [Column("model")]
    columns += [Column(head, numeric=True) for head in ("memory", "use", "°C", "power")]
    columns += [Column("free"), Column("why")]
    where = "GPUs of all hosts" if gpus and gpus[0].machine else "GPUs of this machine"
    caption = f"GPUs: {names.pop()}" if together and names else where
    rows = tuple(_row(gpu, together) for gpu in gpus[:_MOST])
    yield Table(caption, tuple(columns), rows)
    yield from _rest(len(gpus), "GPUs")


def part_table(gpus: Sequence[GpuInfo]) -> Iterator[Part]:
    """One row for each instance of divided GPUs; nothing where none is divided."""
    pairs = [(gpu, part) for gpu in gpus for part in parts_of(gpu)]
    if not pairs:
        return
    heads = ("GPU", "instance", "kind")
    columns = (
        *map(Column, heads),
        Column("memory", numeric=True),
        Column("free"),
        Column("why"),
    )
    yield Table("Instances (MIG)", columns, tuple(_part_row(*pair) for pair in pairs[:_MOST]))
    yield from _rest(len(pairs), "instances")


def parts_of(gpu: GpuInfo) -> tuple[PartInfo, ...]:
    """The instances of a GPU, as far as they are told."""
    return gpu.parts if isinstance(gpu.parts, tuple) else ()


def _rest(count: int, what: str) -> Iterator[Part]:
    if count > _MOST:
        yield sentence(f"And {count - _MOST:,} more {what}; report.gpus has them all.", role="note")


def _row(gpu: GpuInfo, together: bool) -> tuple[Span, ...]:
    model = [] if together else [Span(_name(gpu).removeprefix(_MAKER))]
    return (
        Span(shorten(gpu.label, _LONGEST_NAME)),
        *model,
        Span(amount_of(gpu.memory_used, gpu.memory_total)),
        Span(number(gpu.utilization, "%")),
        Span(number(gpu.temperature)),
        Span(number(gpu.power, "W")),
        *_verdict(gpu),
    )


def _part_row(gpu: GpuInfo, part: PartInfo) -> tuple[Span, ...]:
    kind = UNKNOWN if isinstance(part.name, Reason) else part.name.rpartition("MIG ")[2]
    return (
        Span(shorten(gpu.label, _LONGEST_NAME)),
        Span(shorten(part.label, _LONGEST_NAME)),
        Span(shorten(kind, _LONGEST_NAME)),
        Span(amount_of(part.memory_used, part.memory_total)),
        *_verdict(part),
    )


def _verdict(device: GpuInfo | PartInfo) -> tuple[Span, Span]:
    word = Span("yes", "good") if device.free else Span("no")
    return word, Span(shorten(device.why, _LONGEST_REASON))


def _name(gpu: GpuInfo) -> str:
    return UNKNOWN if isinstance(gpu.name, Reason) else shorten(gpu.name, _LONGEST_NAME)


def amount_of(used: int | Reason, total: int | Reason) -> str:
    """``"41 GB of 86 GB"``, as far as it is told."""
    if isinstance(used, Reason) and isinstance(total, Reason):
        return UNKNOWN
    shown = (UNKNOWN if isinstance(each, Reason) else data_size(each) for each in (used, total))
    return " of ".join(shown)


def number(value: float | Reason, unit: str = "") -> str:
    """A number with its unit, as far as it is told."""
    return UNKNOWN if isinstance(value, Reason) else f"{value:.0f} {unit}".strip()
