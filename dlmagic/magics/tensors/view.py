"""How a table of tensors looks."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.display.findings import notice
from dlmagic.display.parts import Column, Document, Part, Span, Table, sentence, shorten
from dlmagic.display.units import data_size, plural
from dlmagic.magics.tensors.result import Numbers, TensorInfo, TensorTable

_MOST_ROWS = 100
_MOST_NAMED = 3
_UNKNOWN = "–"


def document(table: TensorTable) -> Document:
    """Everything that is known of the tensors."""
    return Document((sentence(_answer(table), role="answer"), *_parts(table)))


def _answer(table: TensorTable) -> str:
    if not table.tensors:
        return "There are no tensors."
    matching = f" called {table.pattern}" if table.pattern else ""
    count = plural(len(table.tensors), "entry").replace("entrys", "entries")
    return f"{count}{matching}; all tensors here keep {data_size(table.nbytes)}."


def _parts(table: TensorTable) -> Iterator[Part]:
    yield from map(notice, table.findings)
    if not table.tensors:
        return
    numbers = any(each.numbers is not None for each in table.tensors)
    rows = tuple(_row(each, numbers) for each in table.tensors[:_MOST_ROWS])
    yield Table("Tensors and arrays of this notebook", _columns(numbers), rows)
    hidden = len(table.tensors) - _MOST_ROWS
    if hidden > 0:
        yield sentence(f"And {hidden:,} more; table.tensors has them all.", role="note")
    if not table.complete:
        yield sentence("Not all of the longest lists was looked at.", role="note")


def _columns(numbers: bool) -> tuple[Column, ...]:
    heads = ("name", "kind", "shape", "dtype", "device", "gradient")
    columns = [Column(head) for head in heads]
    columns.append(Column("size", numeric=True))
    if numbers:
        columns += [Column(head, numeric=True) for head in ("mean", "from", "to", "NaN", "Inf")]
    return (*columns, Column("notes"))


def _row(info: TensorInfo, numbers: bool) -> tuple[Span, ...]:
    spans = [
        Span(shorten(info.name, 40), "code"),
        Span(shorten(info.kind, 30)),
        Span(_shape(info)),
        Span(info.dtype or _UNKNOWN),
        Span(info.device or _UNKNOWN),
        Span({True: "yes", False: "no", None: _UNKNOWN}[info.requires_grad]),
        Span(_UNKNOWN if info.nbytes is None else data_size(info.nbytes)),
    ]
    if numbers:
        spans += _numbers(info.numbers)
    return (*spans, Span(_notes(info)))


def _shape(info: TensorInfo) -> str:
    if info.shape is None:
        return _UNKNOWN
    return "×".join(map(str, info.shape)) if info.shape else "scalar"


def _layout(info: TensorInfo) -> str:
    """Where elements do not lie in order: how far it is from one to the next, on each axis."""
    if info.contiguous is not False:
        return ""
    steps = f": strides {', '.join(map(str, info.strides))}" if info.strides else ""
    return f"not contiguous{steps}"


def _numbers(numbers: Numbers | None) -> list[Span]:
    if numbers is None:
        return [Span(_UNKNOWN)] * 5
    plain = [numbers.mean, numbers.smallest, numbers.largest]
    shown = [Span(_UNKNOWN if each is None else f"{each:.4g}") for each in plain]
    counts = [numbers.nans, numbers.infinities]
    return [*shown, *(Span(f"{each:,}", "bad" if each else "plain") for each in counts)]


def _notes(info: TensorInfo) -> str:
    shared = _named(info.shares_with)
    kept = _named(info.kept_by)
    notes = [
        info.remark,
        _layout(info),
        f"shares memory with {shared}" if shared else "",
        f"also kept by {kept}" if kept else "",
    ]
    return "; ".join(filter(None, notes))


def _named(names: tuple[str, ...]) -> str:
    more = len(names) - _MOST_NAMED
    listed = ", ".join(shorten(name, 30) for name in names[:_MOST_NAMED])
    return f"{listed} and {more} more" if more > 0 else listed
