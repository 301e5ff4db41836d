"""The table of processes on the GPUs: those of this kernel first, then the largest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlmagic.devices.gpus.owned import OwnedProcess
from dlmagic.devices.reading import Reason
from dlmagic.display.parts import Column, Part, Span, Table, sentence, shorten
from dlmagic.display.units import data_size
from dlmagic.magics.gpus.gpu_tables import UNKNOWN, parts_of
from dlmagic.magics.gpus.result import GpuInfo

_MOST = 30
_LONGEST_COMMAND = 60
_LONGEST_USER = 20
_ORDER = ("this kernel", "mine", "other", "unknown")
_HEADS = (
    Column("PID"),
    Column("on"),
    Column("user"),
    Column("whose"),
    Column("memory", numeric=True),
    Column("command"),
)

Pair = tuple[str, OwnedProcess]
"""What a process is on, and the process."""


def process_parts(gpus: Sequence[GpuInfo]) -> Iterator[Part]:
    """Who is on the GPUs; nothing where nobody is known to be."""
    pairs = [(_where(gpu, each), each) for gpu in gpus for each in people_on(gpu)]
    yield from process_table(pairs, "Processes on the GPUs")


def process_table(pairs: Sequence[Pair], caption: str) -> Iterator[Part]:
    """A table of processes, the most important first; nothing where there is none."""
    if not pairs:
        return
    shown = sorted(pairs, key=_importance)[:_MOST]
    yield Table(caption, _HEADS, tuple(_row(*pair) for pair in shown))
    more = len(pairs) - len(shown)
    if more:
        yield sentence(f"And {more:,} more processes; the report has them all.", role="note")


def people_on(gpu: GpuInfo) -> tuple[OwnedProcess, ...]:
    """The processes of a GPU, as far as they are told."""
    return gpu.processes if isinstance(gpu.processes, tuple) else ()


def _importance(pair: Pair) -> tuple[int, int]:
    _, process = pair
    size = 0 if isinstance(process.memory, Reason) else process.memory
    return -1 if process.rank is not None else _ORDER.index(process.whose), -size


def _row(device: str, process: OwnedProcess) -> tuple[Span, ...]:
    own = process.whose == "this kernel" or process.rank is not None
    whose = process.whose if process.rank is None else f"rank {process.rank}"
    return (
        Span(str(process.pid)),
        Span(shorten(device, _LONGEST_USER)),
        Span(_text(process.user, _LONGEST_USER)),
        Span(whose, "strong" if own else "plain"),
        Span(UNKNOWN if isinstance(process.memory, Reason) else data_size(process.memory)),
        Span(f"{_text(process.command, _LONGEST_COMMAND)}{'' if process.computes else ' (draws)'}"),
    )


def _where(gpu: GpuInfo, process: OwnedProcess) -> str:
    """The GPU, or the instance of it."""
    place = process.gpu_instance, process.compute_instance
    parts = parts_of(gpu) if process.gpu_instance is not None else ()
    labels = (each.label for each in parts if (each.gpu_instance, each.compute_instance) == place)
    return next(labels, gpu.label)


def _text(value: str | Reason, longest: int) -> str:
    return UNKNOWN if isinstance(value, Reason) else shorten(value, longest)
