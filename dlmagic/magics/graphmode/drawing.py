"""From a report's graphs to boxes: parameters named in them, long graphs drawn in parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dlmagic.display.graph_picture import Box, Lane, alt_of, graph_picture
from dlmagic.display.parts import Picture, shorten
from dlmagic.display.units import about, data_size, plural
from dlmagic.finding import Finding
from dlmagic.magics.graphmode.result import GraphNode, GraphOfCell, GraphReport

MOST_BOXES = 120
"""Boxes of one picture; longer graphs are drawn by module, or by stretches of operations."""
_FEWEST_BOXES = 12
"""Boxes that a long graph has at least: one box for a whole model would show nothing."""

_MOST_GRAPHS = 12
_PARAMETER = re.compile(r"[.\[]")


def picture_of(report: GraphReport) -> Picture | None:
    """All graphs of a report in the order in which they run; None where there is none."""
    graphs = [graph for graph in report.graphs if graph.operations][:_MOST_GRAPHS]
    if not graphs:
        return None
    breaks = [finding for finding in report.findings if finding.kind == "graph-break"]
    share = max(8, MOST_BOXES // len(graphs))
    lanes = [
        Lane(_title(number, graph), _boxes(graph, share), _gap(graph, graphs[number:], breaks))
        for number, graph in enumerate(graphs, 1)
    ]
    return graph_picture(lanes, alt_of(lanes))


def _title(number: int, graph: GraphOfCell) -> str:
    operations = graph.operations
    flops = sum(node.flops or 0 for node in operations)
    size = sum(node.nbytes or 0 for node in operations)
    parts = [
        f"graph {number}",
        plural(len(operations), "operation"),
        f"{about(flops)} FLOPs" if flops else "",
        f"{data_size(size)} of results" if size else "",
    ]
    return "  ·  ".join(filter(None, parts))


def _gap(graph: GraphOfCell, later: Sequence[GraphOfCell], breaks: Sequence[Finding]) -> str:
    """What lies between a graph and the next: the first break at or behind its last line."""
    if not later:
        return ""
    if later[0].call != graph.call:
        return f"call {later[0].call}: compiled again"
    last = max((node.line or 0 for node in graph.operations if node.cell is None), default=0)
    behind = [f for f in breaks if f.cell is None and f.line is not None and f.line >= last]
    found = min(behind, key=lambda each: each.line or 0, default=None)
    found = found or next(iter(breaks), None)
    if found is None:
        return ""
    place = f"{found.cell}, line {found.line}" if found.cell else f"line {found.line}"
    return f"break at {place}: {shorten(found.source or '', 60)}"


def _boxes(graph: GraphOfCell, most: int) -> tuple[Box, ...]:
    nodes = [node for node in graph.nodes if not _is_hidden(node)]
    if len(nodes) <= most:
        return tuple(_box(node) for node in nodes)
    return tuple(_summaries(_groups(nodes, most)))


def _is_hidden(node: GraphNode) -> bool:
    """Outputs, and parameters of modules, which their operation names."""
    return node.op in ("output", "constant") or (node.op == "input" and _is_parameter(node.name))


def _is_parameter(name: str) -> bool:
    return bool(_PARAMETER.search(name))


def _box(node: GraphNode) -> Box:
    is_input = node.op == "input"
    parameters = [name for name in node.inputs if _is_parameter(name)]
    owner = parameters[0].rpartition(".")[0] if parameters else ""
    label = node.name if is_input else f"{node.op} {owner}".strip()
    return Box(node.name, label, result_text(node), node.inputs, is_input)


def result_text(node: GraphNode) -> str:
    """Shape and type of a result: ``"5×4 float32"``; a scalar has its type alone."""
    if node.shape is None:
        return ""
    shape = "×".join(str(axis) for axis in node.shape)
    return f"{shape} {node.dtype or ''}".strip()


def _groups(nodes: Sequence[GraphNode], most: int) -> list[list[GraphNode]]:
    """Runs of nodes of one module, in less and less detail; several runs in one where needed."""
    depths = max((node.module.count(".") + 1 for node in nodes if node.module), default=0)
    finer = [[node] for node in nodes]
    for depth in range(depths, 0, -1):
        groups = _runs(nodes, depth)
        if len(groups) <= most:
            enough = len(groups) >= min(_FEWEST_BOXES, len(finer))
            return groups if enough else _merged(finer, most)
        finer = groups
    return _merged(finer, most)


def _merged(groups: Sequence[list[GraphNode]], most: int) -> list[list[GraphNode]]:
    """Stretches of so many groups that the stretches are few enough."""
    length = -(-len(groups) // most)
    starts = range(0, len(groups), length)
    return [[node for group in groups[k : k + length] for node in group] for k in starts]


def _runs(nodes: Sequence[GraphNode], depth: int) -> list[list[GraphNode]]:
    groups: list[list[GraphNode]] = []
    before: tuple[str, bool] | None = None
    for node in nodes:
        key = (".".join(node.module.split(".")[:depth]), node.op == "input")
        if key != before or not node.module or key[1]:
            groups.append([])
        groups[-1].append(node)
        before = key
    return groups


def _summaries(groups: Sequence[list[GraphNode]]) -> Iterator[Box]:
    """One box for each group; edges inside a group are left out."""
    home = {node.name: group[0].name for group in groups for node in group}
    for group in groups:
        own = {node.name for node in group}
        inputs = [home[i] for node in group for i in node.inputs if i in home and i not in own]
        yield Box(
            name=group[0].name,
            label=_summary(group),
            below=result_text(group[-1]),
            inputs=tuple(dict.fromkeys(inputs)),
            is_input=all(node.op == "input" for node in group),
        )


def _summary(group: Sequence[GraphNode]) -> str:
    if len(group) == 1:
        return group[0].name if group[0].op == "input" else group[0].op
    modules = list(dict.fromkeys(node.module for node in group if node.module))
    lines = sorted({node.line for node in group if node.line is not None and node.cell is None})
    where = f"lines {lines[0]}–{lines[-1]}" if len(lines) > 1 else ""
    if modules:
        where = modules[0] if len(modules) == 1 else f"{modules[0]} … {modules[-1]}"
    return f"{len(group)} operations {where}".strip()
