"""From a report's graphs to boxes: parameters named in them, long graphs drawn in parts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dlmagic.display.graph_picture import Box, Lane, alt_of, graph_picture
from dlmagic.display.parts import Picture, shorten
from dlmagic.display.units import about, data_size, plural
from dlmagic.finding import Finding
from dlmagic.magics.graphmode.grouping import boxes_of, result_text
from dlmagic.magics.graphmode.result import GraphNode, GraphOfCell, GraphReport

MOST_BOXES = 120
"""Boxes of one picture; longer graphs are drawn by module, or by stretches of operations."""
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
    return boxes_of(nodes, most)


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
