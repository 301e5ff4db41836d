"""Long graphs in fewer boxes: by module, by the loops that were unrolled, or by stretches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dlmagic.display.graph_picture import Box
from dlmagic.display.repetition import repeated_stretches
from dlmagic.magics.graphmode.result import GraphNode

_FEWEST_BOXES = 12
"""Boxes that a long graph has at least: one box for a whole model would show nothing."""
_MOST_STRETCHES = 40
"""Boxes of a graph of which nothing but its order is known; more would say no more."""
_MOST_NAMED = 4  # operations of one turn of a loop that its box names


@dataclass(frozen=True)
class Group:
    """Nodes that are drawn as one box.

    Attributes:
        nodes: In their order.
        turn: How many of them make one turn of a loop; all of them where there is none.
    """

    nodes: tuple[GraphNode, ...]
    turn: int

    @property
    def turns(self) -> int:
        """How often the loop goes round; 1 where there is none."""
        return len(self.nodes) // self.turn


def boxes_of(nodes: Sequence[GraphNode], most: int) -> tuple[Box, ...]:
    """At most so many boxes for nodes, with the edges between them."""
    groups = _groups(nodes, most)
    home = {node.name: group.nodes[0].name for group in groups for node in group.nodes}
    return tuple(_box(group, home) for group in groups)


def result_text(node: GraphNode) -> str:
    """Shape and type of a result: ``"5×4 float32"``; a scalar has its type alone."""
    if node.shape is None:
        return ""
    shape = "×".join(str(axis) for axis in node.shape)
    return f"{shape} {node.dtype or ''}".strip()


def _groups(nodes: Sequence[GraphNode], most: int) -> list[Group]:
    """Runs of nodes of one module, in less and less detail; several runs in one where needed."""
    depths = max((node.module.count(".") + 1 for node in nodes if node.module), default=0)
    finer = list(_loops(nodes))
    if not depths and len(finer) <= most:
        return finer
    for depth in range(depths, 0, -1):
        groups = list(_runs(nodes, depth))
        if len(groups) <= most:
            enough = len(groups) >= min(_FEWEST_BOXES, len(finer))
            return groups if enough else _merged(finer, most)
        finer = groups
    return _merged(finer, most)


def _loops(nodes: Sequence[GraphNode]) -> Iterator[Group]:
    """One group for each loop, and for each node outside of one."""
    looks = [(node.op, node.shape, node.dtype, node.line, node.cell) for node in nodes]
    for start, end, turn in repeated_stretches(looks):
        if end - start > turn:
            yield Group(tuple(nodes[start:end]), turn)
        else:
            yield from (Group((node,), 1) for node in nodes[start:end])


def _merged(groups: Sequence[Group], most: int) -> list[Group]:
    """Stretches of so many groups that the stretches are few enough."""
    if len(groups) <= most:
        return list(groups)
    length = -(-len(groups) // min(most, _MOST_STRETCHES))
    starts = range(0, len(groups), length)
    merged = [[node for group in groups[k : k + length] for node in group.nodes] for k in starts]
    return [Group(tuple(nodes), len(nodes)) for nodes in merged]


def _runs(nodes: Sequence[GraphNode], depth: int) -> Iterator[Group]:
    run: list[GraphNode] = []
    before: tuple[str, bool] | None = None
    for node in nodes:
        key = (".".join(node.module.split(".")[:depth]), node.op == "input")
        if run and (key != before or not node.module or key[1]):
            yield Group(tuple(run), len(run))
            run = []
        run.append(node)
        before = key
    yield Group(tuple(run), len(run))


def _box(group: Group, home: dict[str, str]) -> Box:
    """One box; edges inside the group are left out."""
    own = {node.name for node in group.nodes}
    inputs = [home[i] for node in group.nodes for i in node.inputs if i in home and i not in own]
    return Box(
        name=group.nodes[0].name,
        label=_label(group),
        below=result_text(group.nodes[-1]),
        inputs=tuple(dict.fromkeys(inputs)),
        is_input=all(node.op == "input" for node in group.nodes),
    )


def _label(group: Group) -> str:
    nodes = group.nodes
    if len(nodes) == 1:
        return nodes[0].name if nodes[0].op == "input" else nodes[0].op
    if group.turns > 1:
        named = ", ".join(node.op for node in nodes[: min(group.turn, _MOST_NAMED)])
        more = ", …" if group.turn > _MOST_NAMED else ""
        return f"{group.turns:,} × ({named}{more})"
    modules = list(dict.fromkeys(node.module for node in nodes if node.module))
    lines = sorted({node.line for node in nodes if node.line is not None and node.cell is None})
    where = f"lines {lines[0]}–{lines[-1]}" if len(lines) > 1 else ""
    if modules:
        where = modules[0] if len(modules) == 1 else f"{modules[0]} … {modules[-1]}"
    return f"{len(nodes)} operations {where}".strip()
