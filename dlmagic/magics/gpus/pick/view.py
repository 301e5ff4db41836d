"""How a pick looks: which GPUs, why these, what was written, and whom it keeps away."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.devices.reading import Reason
from dlmagic.display.findings import notice
from dlmagic.display.parts import Column, Document, Notice, Part, Span, Table, sentence, spans
from dlmagic.display.units import data_size
from dlmagic.magics.gpus.pick.result import PickedGpu, PickResult

_UNKNOWN = "–"
_PROTECTED = (
    "Protected: nobody else can pick it with dlmagic until it is released or this process ends."
)
_PROTECTED_ALL = (
    "Protected: nobody else can pick them with dlmagic until they are released or this process "
    "ends."
)


def document(pick: PickResult) -> Document:
    """What there is to say about a pick."""
    return Document(tuple(_parts(pick)))


def _parts(pick: PickResult) -> Iterator[Part]:
    yield sentence(*_answer(pick), role="answer")
    if pick.released:
        return
    if pick.mistaken:
        yield Notice("error", "bad", spans(pick.mistaken))
    if len(pick.gpus) > 1:
        yield _table(pick.gpus)
    yield sentence(f"Why: {pick.why}.")
    yield sentence("Set here: ", Span(_settings(pick), "code"), _why_uuids(pick))
    yield _protection(pick)
    yield from map(notice, pick.findings)


def _answer(pick: PickResult) -> tuple[str | Span, ...]:
    if pick.released:
        verb = "has" if len(pick.gpus) == 1 else "have"
        return (f"{pick.words} {verb} been given back.",)
    model = f", {pick.gpus[0].name}" if len(pick.gpus) == 1 else ""
    return (f"Picked {pick.words}{model}: use ", *_named([each.device for each in pick.gpus]), ".")


def _named(devices: list[str]) -> Iterator[str | Span]:
    """Their names with commas and an "and" between them."""
    for place, device in enumerate(devices):
        last = place == len(devices) - 1
        yield "" if place == 0 else " and " if last else ", "
        yield Span(device, "code")


def _table(gpus: tuple[PickedGpu, ...]) -> Table:
    heads = (Column("device"), Column("GPU"), Column("model"), Column("free", numeric=True))
    rows = tuple(
        (
            Span(each.device, "code"),
            Span(each.words.removeprefix("GPU ")),
            Span(_UNKNOWN if isinstance(each.name, Reason) else each.name),
            Span(_UNKNOWN if isinstance(each.memory_free, Reason) else data_size(each.memory_free)),
        )
        for each in gpus
    )
    return Table("Picked GPUs", heads, rows)


def _settings(pick: PickResult) -> str:
    return " ".join(f"{each.name}={each.value}" for each in pick.settings)


def _why_uuids(pick: PickResult) -> str:
    return f" (UUIDs, as {pick.why_uuids})" if pick.why_uuids else ""


def _protection(pick: PickResult) -> Part:
    if pick.unprotected:
        return Notice("unprotected", "bad", spans(f"{pick.unprotected}."))
    text = _PROTECTED if len(pick.gpus) == 1 else _PROTECTED_ALL
    return sentence(text, role="note")
