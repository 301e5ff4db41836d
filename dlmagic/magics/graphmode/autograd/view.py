"""How an autograd graph looks: the answer, the picture, the table of nodes, the small print."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.display.findings import notice
from dlmagic.display.graph_picture import Box, Lane, graph_picture
from dlmagic.display.parts import (
    Column,
    Document,
    Fold,
    Part,
    Picture,
    Span,
    Table,
    sentence,
    shorten,
)
from dlmagic.display.units import data_size, plural
from dlmagic.magics.graphmode.autograd.result import AutogradGraph, AutogradNode, Statistics

_MOST_BOXES = 120
_MOST_ROWS = 60
_MOST_NOTICES = 8
_LIMIT = 300_000


def document(graph: AutogradGraph) -> Document:
    """Everything that is known of a graph."""
    return Document((sentence(_answer(graph), role="answer"), *_parts(graph)), limit=_LIMIT)


def _answer(graph: AutogradGraph) -> str:
    steps = [node for node in graph.nodes if node.op != "leaf"]
    saved = sum(node.saved_bytes for node in graph.nodes)
    kept = f"; it keeps {data_size(saved)} for the backward pass" if saved else ""
    leaves = plural(len(graph.leaves), "leaf").replace("leafs", "leaves")
    return f"{graph.target} comes from {leaves} by {plural(len(steps), 'step')}{kept}."


def _parts(graph: AutogradGraph) -> Iterator[Part]:
    for finding in graph.findings[:_MOST_NOTICES]:
        yield notice(finding)
    picture = _picture(graph)
    if picture is not None:
        yield picture
    table = _table(graph)
    yield table if len(graph.nodes) <= _MOST_BOXES else Fold("The steps", (table,))
    hidden = len(graph.nodes) - _MOST_ROWS
    if hidden > 0:
        yield sentence(f"And {hidden} more; graph.nodes has them all.", role="note")
    if any(_shown(node.value).startswith("≤") for node in graph.nodes):
        yield sentence("≤ is the largest absolute value of many numbers.", role="note")
    for note in graph.notes:
        yield sentence(shorten(note, 240), role="note")


def _picture(graph: AutogradGraph) -> Picture | None:
    """The forward direction from the top down; a graph of very many steps is not drawn."""
    if not graph.nodes or len(graph.nodes) > _MOST_BOXES:
        return None
    into: dict[str, list[str]] = {}
    for start, end in graph.edges:
        into.setdefault(end, []).append(start)
    boxes = tuple(
        Box(node.name, _label(node), _numbers(node), tuple(into.get(node.name, ())), _is_leaf(node))
        for node in graph.nodes
    )
    title = f"{graph.target}: values forward, gradients backward"
    alt = f"The graph behind {graph.target}: {plural(len(graph.nodes), 'node')}."
    return graph_picture([Lane(title, boxes)], alt)


def _is_leaf(node: AutogradNode) -> bool:
    return node.op == "leaf"


def _label(node: AutogradNode) -> str:
    if _is_leaf(node):
        return node.name
    return f"{node.op} · line {node.line}" if node.line and not node.cell else node.op


def _numbers(node: AutogradNode) -> str:
    """``"6 · ∂ 5"``: the value and the gradient; the shape where they are many."""
    value, gradient = _shown(node.value), _shown(node.gradient)
    parts = [value or _shape(node), f"∂ {gradient}" if gradient else ""]
    return "  ".join(filter(None, parts))


def _shape(node: AutogradNode) -> str:
    if node.shape is None:
        return ""
    return f"{'×'.join(map(str, node.shape))} {node.dtype or ''}".strip()


def _shown(numbers: Statistics | None) -> str:
    """The numbers themselves if they fit, else a bound of their absolute values."""
    if numbers is None:
        return ""
    if numbers.values and len(numbers.values) <= 24:
        return numbers.values
    return f"≤ {numbers.largest:.2g}" if numbers.largest is not None else ""


def _table(graph: AutogradGraph) -> Table:
    columns = (
        Column("step"),
        Column("line"),
        Column("shape"),
        Column("value"),
        Column("gradient"),
        Column("kept", numeric=True),
        Column("from"),
    )
    into: dict[str, list[str]] = {}
    for start, end in graph.edges:
        into.setdefault(end, []).append(start)
    rows = tuple(_row(node, into.get(node.name, [])) for node in graph.nodes[:_MOST_ROWS])
    return Table("Every step after those that it comes from", columns, rows)


def _row(node: AutogradNode, inputs: list[str]) -> tuple[Span, ...]:
    line = str(node.line) if node.line else "–"
    name = f"{node.name} (own function)" if node.is_custom else node.name
    return (
        Span(name, "strong" if _is_leaf(node) else "plain"),
        Span(f"{node.cell}: {line}" if node.cell else line),
        Span(_shape(node) or "–"),
        Span(_shown(node.value) or "–"),
        Span(_shown(node.gradient) or "–"),
        Span(data_size(node.saved_bytes) if node.saved_bytes else "–"),
        Span(shorten(", ".join(inputs), 60) or "–"),
    )
