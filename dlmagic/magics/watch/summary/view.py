"""How a summary looks: the figures of the model, what is amiss, the layers, and what is inside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from dlmagic.display.findings import notice
from dlmagic.display.parts import (
    Column,
    Document,
    Fold,
    Part,
    Span,
    Table,
    abridge,
    sentence,
)
from dlmagic.display.units import count, data_size, listed, plural, rate, seconds
from dlmagic.magics.watch.summary.folding import Block, Folded, Line, fold
from dlmagic.magics.watch.summary.result import ArraySpec, LayerCall, ModelSummary

_INDENT = "\u00a0\u00a0"  # ordinary spaces at the start of a cell are lost in HTML
_NOTHING = Span("–", "muted")
_EXACT_BELOW = 10_000
_LONGEST_LABEL, _SHORTEST_LABEL, _LONGEST_KIND = 26, 12, 22

Cells = Callable[[Line], Span]


def document(summary: ModelSummary) -> Document:
    """Everything about the model, the most important first."""
    return Document((sentence(_answer(summary), role="answer"), *_parts(summary)))


def _answer(summary: ModelSummary) -> str:
    called = f"{summary.name} ({summary.kind})" if summary.name else summary.kind
    figures = [f"{short(summary.parameters)} parameters ({short(summary.trainable)} trainable)"]
    if summary.flops is not None:
        small = summary.flops < _EXACT_BELOW
        flops = f"{short(summary.flops)} FLOPs" if small else rate(summary.flops, "FLOPs")
        figures.append(f"{flops} forward for {_inputs(summary)}")
    if summary.activation_bytes is not None:
        figures.append(f"{data_size(summary.activation_bytes)} of activations")
    return f"{called}: {', '.join(figures)}."


def short(number: float) -> str:
    """A count in three digits, or exactly where it is small.

    >>> short(7850), short(11_181_642)
    ('7,850', '11.2 M')
    """
    return count(int(number)) if number < _EXACT_BELOW else rate(number, "")


def _inputs(summary: ModelSummary) -> str:
    shapes = [in_words(spec) for spec in summary.inputs]
    if len(shapes) > 1:
        return f"{plural(len(shapes), 'input')} of {listed(shapes)}"
    return f"an input of {shapes[0]}" if shapes else "an input without tensors"


def in_words(spec: ArraySpec, common: str | None = None) -> str:
    """A shape, with its type unless that is the common one."""
    shape = "×".join("?" if size is None else str(size) for size in spec.shape) or "scalar"
    return shape if common is None or spec.dtype == common else f"{shape} {spec.dtype}"


def _parts(summary: ModelSummary) -> Iterator[Part]:
    if summary.forward_seconds is not None:
        yield sentence(_times(summary))
    yield from map(notice, summary.findings)
    folded = fold(summary.rows, summary.depth)
    yield from _tables(summary, folded)
    for note in (*_about_memory(summary), *summary.notes):
        yield sentence(note, role="note")


def _times(summary: ModelSummary) -> str:
    back = summary.backward_seconds
    backward = f", backward {seconds(back)}" if back is not None else ""
    runs = f"median of {summary.repetitions} runs" if summary.repetitions > 1 else "one run"
    mode = {True: ", in training mode", False: ", in evaluation mode", None: ""}[summary.training]
    forward = seconds(summary.forward_seconds or 0.0)
    return f"Forward {forward}{backward} ({runs} on {summary.device or 'this machine'}{mode})."


def _about_memory(summary: ModelSummary) -> Iterator[str]:
    pieces = [f"parameters {data_size(summary.parameter_bytes)}"]
    if summary.buffer_bytes:
        pieces.append(f"buffers {data_size(summary.buffer_bytes)}")
    if summary.gradient_bytes:
        pieces.append(f"gradients of parameters {data_size(summary.gradient_bytes)}")
    yield f"In memory: {', '.join(pieces)}."


def _tables(summary: ModelSummary, folded: Folded) -> Iterator[Part]:
    columns = _columns(summary)
    caption = "Layers in the order of their calls" if summary.inputs else "Layers of the model"
    dtype = _common_type(summary.rows)
    if dtype:
        caption += f"; outputs are {dtype} unless a type is named"
    yield _table(caption, folded.lines, columns)
    if folded.more:
        yield sentence(_left_out(folded.more), role="note")
    for block in folded.blocks:
        yield _folded(block, columns)


def _left_out(rows: int) -> str:
    return f"And {plural(rows, 'row')} more; the attribute rows has them all."


def _folded(block: Block, columns: Sequence[tuple[Column, Cells]]) -> Fold:
    names = [row.layer for row in block.layers]
    alike = f" ({len(names)} alike)" if len(names) > 1 else ""
    title = f"Inside {listed(names, 4)}{alike}: {plural(len(block.lines) + block.more, 'row')}"
    parts: list[Part] = []
    if block.lines:
        parts.append(_table(f"Inside {names[0]}", block.lines, columns))
    if block.more:
        parts.append(sentence(_left_out(block.more), role="note"))
    return Fold(title, tuple(parts), f"--depth {block.layers[0].depth + 1} shows them")


def _table(caption: str, lines: Sequence[Line], columns: Sequence[tuple[Column, Cells]]) -> Table:
    rows = tuple(tuple(cell(line) for _, cell in columns) for line in lines)
    return Table(caption, tuple(column for column, _ in columns), rows)


def _columns(summary: ModelSummary) -> list[tuple[Column, Cells]]:
    """The columns in which there is something to read."""
    common = _common_type(summary.rows)
    columns: list[tuple[Column, Cells]] = [
        (Column("layer"), lambda line: _name(line, summary)),
        (Column("type"), lambda line: Span(_kind(line.row))),
    ]
    if summary.inputs:
        # As a number, so that a shape is never broken.
        columns.append((Column("output", numeric=True), lambda line: _output(line, common)))
    columns.append((Column("parameters", numeric=True), lambda line: _parameters(line.row)))
    for title, value, unit in _FIGURES if summary.inputs else ():
        timed = summary.repetitions or title != "FLOPs backward"
        if timed and any(value(row) for row in summary.rows):
            columns.append((Column(title, numeric=True), _figure(value, unit)))
    return columns


_Value = Callable[[LayerCall], float | None]


def _figure(value: _Value, unit: Callable[[float], str]) -> Cells:
    def cell(line: Line) -> Span:
        found = value(line.row)
        return Span(unit(found)) if found else _NOTHING

    return cell


_FIGURES: tuple[tuple[str, _Value, Callable[[float], str]], ...] = (
    ("FLOPs", lambda row: row.flops, short),
    ("forward", lambda row: row.forward_seconds, seconds),
    ("backward", lambda row: row.backward_seconds, seconds),
    ("activations", lambda row: row.activation_bytes, data_size),
    ("gradients", lambda row: row.gradient_bytes, data_size),
    ("FLOPs backward", lambda row: row.flops_backward, short),
)
"""In the order of what people look for: on a narrow page the last ones are out of sight."""


def _name(line: Line, summary: ModelSummary) -> Span:
    room = max(_SHORTEST_LABEL, _LONGEST_LABEL - len(_INDENT) * line.indent)
    label = abridge(line.label or summary.name or summary.kind, room)
    more = " …" if line.hidden else ""
    return Span(f"{_INDENT * line.indent}{label}{line.calls}{more}")


def _output(line: Line, common: str) -> Span:
    row = line.row
    if not row.outputs:
        return _NOTHING
    more = f" and {len(row.outputs) - 1} more" if row.outputs[1:] else ""
    if line.shapes > 1:
        more = f" and {plural(line.shapes - 1, 'other shape')}"
    return Span(f"{in_words(row.outputs[0], common)}{more}")


def _parameters(row: LayerCall) -> Span:
    if not row.parameters:
        return _NOTHING
    # What is counted in another row stands in brackets.
    again = row.call > 1 or (row.own and not row.counted and row.own == row.parameters)
    return Span(f"({count(row.parameters)})", "muted") if again else Span(count(row.parameters))


def _kind(row: LayerCall) -> str:
    """The class, and in brackets what is special about the row."""
    special = [row.remark]
    if row.parameters and not row.trainable:
        special.append("frozen")
    elif row.trainable < row.parameters:
        special.append(f"{count(row.trainable)} trainable")
    if row.shared and not row.counted and row.call <= 1:
        special.append("shared")
    told = ", ".join(filter(None, special))
    return f"{abridge(row.kind, _LONGEST_KIND)}{f' ({told})' if told else ''}"


def _common_type(rows: Sequence[LayerCall]) -> str:
    """The type of most outputs."""
    types = Counter(spec.dtype for row in rows for spec in row.outputs)
    return types.most_common(1)[0][0] if types else ""
