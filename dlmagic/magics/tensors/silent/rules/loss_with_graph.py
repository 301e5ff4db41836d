"""A running sum of losses that keeps the graph of every step."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from dlmagic.frameworks.operations import Event, Operation, Seen
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_SUMS = frozenset({"add", "__add__", "__iadd__", "__radd__", "add_"})


class Rule(Listening):
    """``total += loss`` in a loop with backward passes, where no gradient is taken of the total."""

    kind = "loss-with-graph"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._backward: set[int] = set()
        self._sums: dict[int, Operation] = {}

    def hear(self, event: Event) -> None:
        """Where gradients are taken, and sums that have a graph."""
        if not isinstance(event, Operation):
            return
        if event.name == "backward" and event.inputs:
            self._backward.add(event.inputs[0].number)
        elif event.name in _SUMS and _is_loss(event.output) and event.frame is not None:
            self._sums[event.frame.line] = event

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """The additions that stand in a loop, if a backward pass began elsewhere."""
        if len(self._backward) < 2:
            return
        for node in _additions_in_loops(after.tree):
            summed = self._sums.get(node.lineno)
            name, value = ast.unparse(node.target), ast.unparse(node.value)
            if summed is None or summed.output is None or summed.output.number in self._backward:
                continue
            yield Mistake(
                f"{name} keeps the graph of every step, and memory grows with each.",
                line=node.lineno,
                text="Add the number alone.",
                code=f"{name} += {value}.item()" if value.isidentifier() else None,
                operands=(name,),
            )


def _is_loss(output: Seen | None) -> bool:
    return output is not None and output.requires_grad and output.shape == ()


def _additions_in_loops(tree: ast.Module) -> list[ast.AugAssign]:
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.For | ast.While)]
    inside = {id(n): n for loop in loops for n in ast.walk(loop) if isinstance(n, ast.AugAssign)}
    return [node for node in inside.values() if isinstance(node.op, ast.Add)]
