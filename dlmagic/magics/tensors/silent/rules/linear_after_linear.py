"""Two linear layers with nothing between: together they can do no more than one."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from dlmagic.frameworks.operations import Event, Operation, Seen
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_ON_THE_WAY = frozenset({"dropout", "view", "reshape", "flatten", "squeeze", "unsqueeze"})


class Rule(Listening):
    """Of one module, and not a factorisation, whose inner width is the smallest."""

    kind = "linear-after-linear"
    sure: Sure = "likely"

    def __init__(self) -> None:
        super().__init__()
        self._pairs: dict[tuple[str, str], Operation] = {}
        self._uses: Counter[int] = Counter()

    def hear(self, event: Event) -> None:
        """A linear layer whose input comes straight out of another one."""
        if not isinstance(event, Operation):
            return
        self._uses.update({each.number for each in event.inputs})
        if event.name != "linear" or len(event.inputs) < 2:
            return
        first = _maker(event.inputs[0])
        if first is None or first.name != "linear" or len(first.inputs) < 2:
            return
        pair = (_layer(first), _layer(event))
        same_module = pair[0].rpartition(".")[0] == pair[1].rpartition(".")[0] != ""
        shapes = first.inputs[1].shape, event.inputs[1].shape
        if same_module and pair[0] != pair[1] and not _is_factorised(*shapes):
            self._pairs.setdefault(pair, event)

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """At the first layer of a Sequential that the cell makes, or where the second is called."""
        made = dict(_made_in(after.tree))
        for (first, second), event in self._pairs.items():
            # What is used twice, as by several heads or beside a layer, is a layer of its own.
            if any(self._uses[number] > 1 for number in _between(event.inputs[0])):
                continue
            shape = event.inputs[1].shape
            written = made.get((shape[1], shape[0]))
            self.found.append(
                Mistake(
                    f"{second} follows {first} with no activation between: together they are one "
                    "linear layer.",
                    None if written else event.frame,
                    line=written,
                    text="Put an activation between them, such as nn.ReLU().",
                    operands=(first, second),
                )
            )
        return list({(each.frame, each.line): each for each in reversed(self.found)}.values())


def _maker(seen: Seen) -> Operation | None:
    maker = seen.maker
    while maker is not None and maker.name in _ON_THE_WAY and maker.inputs:
        maker = maker.inputs[0].maker
    return maker


def _between(seen: Seen) -> Iterator[int]:
    """Numbers of the tensors between two layers."""
    yield seen.number
    maker = seen.maker
    while maker is not None and maker.name in _ON_THE_WAY and maker.inputs:
        yield maker.inputs[0].number
        maker = maker.inputs[0].maker


def _layer(event: Operation) -> str:
    return event.parameter.rpartition(".")[0]


def _is_factorised(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    """Whether the inner width is smaller than both others, as that of adapters and bottlenecks."""
    (inner, before), (after, _) = first, second
    return inner < before and inner < after


def _made_in(tree: ast.Module) -> Iterator[tuple[tuple[int, int], int]]:
    """Widths of the second of two neighbours in a Sequential, and the line of the first."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("Sequential"):
            layers = [each for each in call.args if not _does_nothing(each)]
            for one, other in pairwise(layers):
                widths = _widths(other)
                if _widths(one) and widths:
                    yield widths, one.lineno


def _does_nothing(node: ast.expr) -> bool:
    name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    return name.rpartition(".")[2] in ("Dropout", "Flatten", "Identity")


def _widths(node: ast.expr) -> tuple[int, int] | None:
    match node:
        case ast.Call(func, [ast.Constant(int(before)), ast.Constant(int(after)), *_]):
            return (before, after) if ast.unparse(func).endswith("Linear") else None
    return None
