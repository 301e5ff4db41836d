"""How the picks of all ranks look."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.devices.reading import Reason
from dlmagic.display.findings import notice
from dlmagic.display.parts import Column, Document, Notice, Part, Span, Table, sentence, spans
from dlmagic.display.units import data_size, plural
from dlmagic.magics.gpus.pick.result import PickedGpu
from dlmagic.magics.gpus.ranks.pick_result import RankPick, RanksPickResult

_UNKNOWN = "–"
_MOST = 64
_PROTECTED = (
    "Protected: nobody else can pick them with dlmagic until they are released or the engines end."
)


def document(pick: RanksPickResult) -> Document:
    """What there is to say about them."""
    return Document(tuple(_parts(pick)))


def _parts(pick: RanksPickResult) -> Iterator[Part]:
    if pick.released:
        yield sentence("The GPUs of all ranks have been given back.", role="answer")
        return
    yield sentence(*_answer(pick), role="answer")
    rows = [(each, gpu) for each in pick.ranks for gpu in each.pick.gpus]
    yield _table(rows[:_MOST])
    if len(rows) > _MOST:
        yield sentence(f"And {len(rows) - _MOST:,} more; .ranks has them all.", role="note")
    if pick.unprotected:
        yield Notice("unprotected", "bad", spans(f"{pick.unprotected}."))
    else:
        yield sentence(_PROTECTED, role="note")
    yield from map(notice, pick.findings)


def _answer(pick: RanksPickResult) -> Iterator[str | Span]:
    count = len(pick.ranks[0].pick.gpus)
    own = "a GPU of its own" if count == 1 else f"{plural(count, 'GPU')} of its own"
    yield f"Each of {plural(len(pick.ranks), 'rank')} has {own}: in their cells, use "
    yield Span(pick.device, "code")
    if count > 1:
        yield " to "
        yield Span(f"cuda:{count - 1}", "code")
    yield "."


def _table(rows: list[tuple[RankPick, PickedGpu]]) -> Table:
    heads = ("rank", "host", "GPU", "model")
    columns = (*map(Column, heads), Column("free", numeric=True), Column("CUDA_VISIBLE_DEVICES"))
    return Table("Picked GPUs", columns, tuple(_row(*row) for row in rows))


def _row(rank: RankPick, gpu: PickedGpu) -> tuple[Span, ...]:
    free = gpu.memory_free
    return (
        Span(str(rank.rank)),
        Span(rank.host),
        Span(gpu.words.removeprefix("GPU ")),
        Span(_UNKNOWN if isinstance(gpu.name, Reason) else gpu.name),
        Span(_UNKNOWN if isinstance(free, Reason) else data_size(free)),
        Span(rank.pick.visible_devices, "code"),
    )
