"""How an explanation looks: the mistake, the values, the fixes."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.display.findings import notice
from dlmagic.display.parts import Column, Document, Part, Span, Table, sentence, shorten
from dlmagic.magics.tensors.explain.result import Explanation, OperandInfo

_UNKNOWN = "–"


def document(explanation: Explanation) -> Document:
    """All that is known of the mistake."""
    return Document(tuple(_parts(explanation)))


def _parts(explanation: Explanation) -> Iterator[Part]:
    if explanation.finding is None:
        yield sentence(shorten(explanation.error, 400))
    else:
        yield notice(explanation.finding)
    for other in explanation.alternatives:
        if other.fix is not None:
            code = (" ", Span(other.fix.code, "code")) if other.fix.code else ()
            yield sentence(f"Or: {other.fix.text}", *code)
    yield from map(notice, explanation.findings[1:])
    if explanation.operands:
        yield _table(explanation.operands)
    for note in explanation.notes:
        yield sentence(note, role="note")


def _table(operands: tuple[OperandInfo, ...]) -> Table:
    """All values, with the columns in which something is known of any of them."""
    heads = ("operand", "kind", "shape", "dtype", "device")
    columns = zip(heads, *map(_row, operands), strict=True)
    known = [each for each in columns if any(cell.text != _UNKNOWN for cell in each[1:])]
    shown, *rows = zip(*known, strict=True)
    return Table("The values that took part", tuple(map(Column, shown)), tuple(rows))


def _row(operand: OperandInfo) -> tuple[Span, ...]:
    shape = "×".join(map(str, operand.shape)) if operand.shape else "scalar"
    return (
        Span(shorten(operand.name, 50), "code"),
        Span(shorten(operand.kind, 30)),
        Span(_UNKNOWN if operand.shape is None else shape),
        Span(operand.dtype or _UNKNOWN),
        Span(operand.device or _UNKNOWN),
    )
