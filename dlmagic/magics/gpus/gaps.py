"""Why numbers are missing from the tables: each reason once, with all that it holds for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dlmagic.devices.gpus.memory import SHARED
from dlmagic.devices.reading import Reason
from dlmagic.display.parts import Part, sentence, shorten
from dlmagic.display.units import listed
from dlmagic.magics.gpus.gpu_tables import UNKNOWN, parts_of
from dlmagic.magics.gpus.process_table import people_on
from dlmagic.magics.gpus.result import GpuInfo

_SHOWN = {
    "name": "model",
    "memory_total": "memory",
    "memory_used": "memory in use",
    "utilization": "use",
    "temperature": "temperature",
    "power": "power",
    "processes": "processes",
    "parts": "instances",
}
_OF_PARTS = {"name": "kind", "memory_total": "memory", "memory_used": "memory in use"}
_OF_PROCESSES = {"user": "user", "command": "command", "memory": "memory"}
_MOST = 12
_LONGEST = 160
_LONGEST_LABEL = 20


@dataclass
class _Gap:
    """What is missing for one reason.

    Attributes:
        what: Words for the fields.
        where: GPUs.
    """

    what: dict[str, None] = field(default_factory=dict)
    where: dict[str, None] = field(default_factory=dict)


Missing = tuple[Reason, str, str, str]
"""Why, what, of whom (``"GPU"`` or ``"processes on GPU"``), and of which GPU."""


def gaps(gpus: Sequence[GpuInfo]) -> Iterator[Part]:
    """A line for each reason; GPUs of which nothing is known say it in the table."""
    found: dict[tuple[str, str], _Gap] = {}
    for reason, what, whose, label in _missing(gpus):
        gap = found.setdefault((str(reason), whose), _Gap())
        gap.what[what] = gap.where[label] = None
    for (text, whose), gap in list(found.items())[:_MOST]:
        yield sentence(f"{_line(gap, whose)}: {shorten(text, _LONGEST)}.", role="note")
    more = len(found) - _MOST
    if more > 0:
        yield sentence(f"And {more} more reasons; report.gpus has them all.", role="note")


def _line(gap: _Gap, whose: str) -> str:
    labels = [shorten(each, _LONGEST_LABEL) for each in gap.where]
    plural = "" if len(labels) == 1 else "s"
    return f"{UNKNOWN} {listed(gap.what)} of {whose}{plural} {listed(labels)}"


def _missing(gpus: Sequence[GpuInfo]) -> Iterator[Missing]:
    for gpu in gpus:
        if gpu.trouble is not None:
            continue
        yield from _of(gpu, _SHOWN, "GPU", gpu.label)
        for part in parts_of(gpu):
            yield from _of(part, _OF_PARTS, "instances of GPU", gpu.label)
        for process in people_on(gpu):
            yield from _of(process, _OF_PROCESSES, "processes on GPU", gpu.label)


def _of(reading: object, names: dict[str, str], whose: str, label: str) -> Iterator[Missing]:
    for name, words in names.items():
        value = getattr(reading, name)
        if isinstance(value, Reason):
            yield value, "memory" if value == SHARED else words, whose, label
