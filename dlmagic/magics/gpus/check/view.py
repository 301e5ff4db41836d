"""How a check of the devices looks."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.display.parts import (
    Column,
    Document,
    Fold,
    Notice,
    Part,
    Span,
    Table,
    Tone,
    sentence,
    shorten,
    spans,
)
from dlmagic.magics.gpus.check.result import Cause, DeviceCheck

_LONGEST = 300
_TONES: dict[str, Tone] = {"sees": "good", "blind": "bad", "unknown": "bad"}


def document(result: DeviceCheck) -> Document:
    """The answer, the causes with what mends them, and what was read."""
    return Document(tuple(_parts(result)))


def _parts(result: DeviceCheck) -> Iterator[Part]:
    yield sentence(result.machine, role="plain" if result.frameworks else "answer")
    yield from (sentence(remark, role="note") for remark in result.remarks)
    for each in result.frameworks:
        yield sentence(Span(each.answer, _TONES.get(each.state, "plain")), role="answer")
        yield from (sentence(remark, role="note") for remark in each.remarks)
    for number, cause in enumerate(result.causes):
        yield _notice(cause, "then" if number else "cause")
    for each in result.frameworks:
        own = [cause for cause in each.causes if cause not in result.causes]
        for number, cause in enumerate(own, len(result.causes)):
            yield _notice(cause, f"{'then' if number else 'cause'} for {each.title}")
    rows = tuple((Span(fact.name), Span(shorten(fact.value, _LONGEST))) for fact in result.facts)
    columns = (Column("what"), Column("read"))
    yield Fold("What was read", (Table("In the order of the causes", columns, rows),))


def _notice(cause: Cause, word: str) -> Notice:
    read = "; ".join(shorten(each, _LONGEST) for each in cause.read)
    return Notice(
        word=word,
        tone="bad",
        spans=spans(f"{cause.message} ", Span(f"Read: {read}.", "muted")),
        advice=spans(cause.remedy),
        code=cause.command,
    )
