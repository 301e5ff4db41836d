"""What ``%%autograd`` returns: nodes with values and gradients, and where the graph is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dlmagic.result import Result


@dataclass(frozen=True)
class Statistics:
    """The numbers in a tensor.

    Attributes:
        values: The numbers themselves where they are few, else an empty text.
        mean: Their mean, or None where it is not defined.
        largest: The largest absolute value, or None.
    """

    values: str = ""
    mean: float | None = None
    largest: float | None = None


@dataclass(frozen=True)
class AutogradNode:
    """One step of the backward pass, with the result of the forward pass that it belongs to.

    Attributes:
        name: Unique in the graph; leaves carry the user's own names.
        op: What the forward pass did, such as ``"Mul"``; ``"leaf"`` where a gradient is kept.
        shape: Elements per axis, or None where nobody tells.
        dtype: Likewise.
        line: The line of the forward pass, or None where it was not recorded.
        cell: Where that line is, if not in this cell.
        value: The numbers of the result, or None where they were not recorded.
        gradient: The numbers of its gradient, or None where they were not recorded.
        saved_bytes: What it keeps for the backward pass.
        is_custom: Whether it is a function of the user's with a gradient of its own.
    """

    name: str
    op: str
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    line: int | None = None
    cell: str | None = None
    value: Statistics | None = None
    gradient: Statistics | None = None
    saved_bytes: int = 0
    is_custom: bool = False


@dataclass(frozen=True, repr=False, kw_only=True)
class AutogradGraph(Result):
    """The graph behind a tensor.

    Attributes:
        target: The tensor's name.
        nodes: Each after those that its gradient goes to.
        edges: From a node to one that its result flows into, by name: the forward direction.
        leaves: Names of the leaves, where gradients are kept.
        notes: Why something is not known.
    """

    view: ClassVar[str] = "dlmagic.magics.graphmode.autograd.view"

    target: str
    nodes: tuple[AutogradNode, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    leaves: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> AutogradNode:
        """The node of this name.

        Raises:
            KeyError: There is none.
        """
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)
