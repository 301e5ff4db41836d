"""What a cell took gradients of, and the sums of losses that it made beside that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dlmagic.frameworks.operations import End, Event, Operation, Seen

_ADDING = frozenset({"add", "__add__", "__iadd__", "__radd__", "add_"})
_SCALING = frozenset({"mul", "__mul__", "__rmul__", "div", "__truediv__"})
_BUDGET = 200_000
"""Tensors that are passed on the way back from losses: more take too long to look at."""


@dataclass(frozen=True)
class Sum:
    """A sum that went on from the one that the same line made the round before.

    Attributes:
        before: The number of that one.
        after: Its own number.
        added: What was added to it.
        between: How many backward passes lie between the two.
    """

    before: int
    after: int
    added: tuple[Seen, ...]
    between: int


class Graphs:
    """Hears a cell, and then tells which tensors the graphs of its backward passes contain."""

    def __init__(self) -> None:
        self._backward: list[Operation] = []
        self._adding: dict[int, list[tuple[Operation, int]]] = defaultdict(list)
        self.end = End()

    def hear(self, event: Event) -> None:
        """Where gradients are taken, and additions of single numbers that have a graph."""
        if isinstance(event, End):
            self.end = event
        elif isinstance(event, Operation) and event.name == "backward" and event.inputs:
            self._backward.append(event)
        elif isinstance(event, Operation) and event.frame is not None and _adds_losses(event):
            self._adding[event.frame.line].append((event, len(self._backward)))

    @property
    def count(self) -> int:
        """How many backward passes there were."""
        return len(self._backward)

    def sums(self) -> dict[int, list[Sum]]:
        """Sums that went on, by their line."""
        found = {
            line: [each for pair in pairwise(made) if (each := _linked(*pair))]
            for line, made in self._adding.items()
        }
        return {line: each for line, each in found.items() if each}

    def contents(self) -> list[frozenset[int]] | None:
        """The tensors in the graph of each backward pass; None where there are too many."""
        budget = _BUDGET
        found = []
        for each in self._backward:
            numbers = frozenset(_graph(each.inputs[0], budget))
            budget -= len(numbers)
            if budget <= 0:
                return None
            found.append(numbers)
        return found

    def freed(self, contents: Sequence[frozenset[int]]) -> frozenset[int]:
        """Tensors through whose graphs no second backward pass could go."""
        passes = zip(self._backward, contents, strict=True)
        keeping = ("retain_graph", "create_graph")
        done = [numbers for each, numbers in passes if not any(map(each.options.get, keeping))]
        return frozenset().union(*done)


def _adds_losses(operation: Operation) -> bool:
    adds = operation.name in _ADDING and not _changes_a_weight(operation)
    return adds and _is_loss(operation.output)


def _is_loss(output: Seen | None) -> bool:
    return output is not None and output.requires_grad and all(n == 1 for n in output.shape)


def _linked(one: tuple[Operation, int], other: tuple[Operation, int]) -> Sum | None:
    """The second sum, if it took the first."""
    (before, early), (after, late) = one, other
    if before.output is None or after.output is None:
        return None
    leaves = list(_same_line(after))
    if before.output.number not in {each.number for each in leaves}:
        return None
    added = tuple(each for each in leaves if each.number != before.output.number)
    return Sum(before.output.number, after.output.number, added, late - early)


def _same_line(operation: Operation) -> Iterator[Seen]:
    """What an operation took, past factors on its line, as in ``mean = 0.9 * mean + 0.1 * x``."""
    for each in operation.inputs:
        maker = each.maker
        scaled = maker is not None and maker.name in _SCALING and maker.frame == operation.frame
        yield from maker.inputs if maker is not None and scaled else (each,)


def _graph(loss: Seen, budget: int) -> Iterator[int]:
    """Numbers of all that a loss was computed from and that has a graph itself."""
    waiting, passed = [loss], {loss.number}
    while waiting and len(passed) < budget:
        seen = waiting.pop()
        yield seen.number
        if seen.maker is None or _changes_a_weight(seen.maker):
            continue
        for each in seen.maker.inputs:
            if each.requires_grad and each.number not in passed:
                passed.add(each.number)
                waiting.append(each)


def _changes_a_weight(operation: Operation) -> bool:
    """Whether it is in place and adds what has no graph, as steps of optimisers do."""
    in_place = operation.name.strip("_") + "_" == operation.name or operation.name[:3] == "__i"
    others = operation.inputs[1:]
    return in_place and bool(others) and not any(each.requires_grad for each in others)
