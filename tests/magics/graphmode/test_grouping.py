"""Long graphs are drawn in fewer boxes, with the edges between them."""

from __future__ import annotations

from dlmagic.magics.graphmode.grouping import boxes_of
from dlmagic.magics.graphmode.result import GraphNode


def node(name: str, op: str, *inputs: str, line: int) -> GraphNode:
    return GraphNode(name, op, inputs, (4,), "float32", line=line)


def test_a_loop_is_one_box_between_its_neighbours() -> None:
    nodes = [node("x", "input", line=1), node("start", "exp", "x", line=1)]
    for k in range(50):
        nodes.append(node(f"sin{k}", "sin", nodes[-1].name, line=3))
        nodes.append(node(f"mul{k}", "mul", nodes[-1].name, "x", line=3))
    nodes.append(node("end", "sum", nodes[-1].name, line=4))
    boxes = boxes_of(nodes, 20)
    assert [box.label for box in boxes] == ["x", "exp", "50 × (sin, mul)", "sum"]
    assert boxes[2].inputs == ("start", "x")
    assert boxes[3].inputs == ("sin0",)
