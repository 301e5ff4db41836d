"""What gradients flow through, in words that all frameworks share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.protocol import ArrayView

SMALL = 8
"""Elements up to which a tensor's numbers are kept, and not only their statistics."""

Why = Literal[
    "detach", "data", "no_grad", "integer", "number", "no_tape", "no_gradient", "within_a_graph"
]


@dataclass(frozen=True)
class Numbers:
    """What is known of the numbers in a tensor.

    Attributes:
        shape: Elements per axis.
        dtype: Such as ``"float32"``.
        values: The numbers themselves where they are few, as text; else an empty text.
        mean: Their mean, or None where it is not defined.
        largest: The largest absolute value, or None.
    """

    shape: tuple[int, ...]
    dtype: str
    values: str = ""
    mean: float | None = None
    largest: float | None = None


@dataclass
class BackwardNode:
    """One step of the backward pass.

    Attributes:
        name: Unique in the graph: the user's name of a leaf, else that of the operation.
        operation: What the forward pass did, such as ``"Mul"``; ``"leaf"`` where a gradient is
            kept; the name of a function of the user's own.
        inputs: Names of the nodes that its gradient goes to.
        shape: Of the tensor that it belongs to, or None where the framework does not tell.
        dtype: Likewise.
        value: The numbers of that tensor, where they were recorded.
        gradient: The numbers of its gradient, where they were recorded.
        saved_bytes: What it keeps for the backward pass; memory shared with others counts once.
        frames: The code of the forward pass that made it, the outermost first; empty where it
            was not recorded.
        is_custom: Whether it is a function of the user's own.
        problem: Why its backward pass would fail, or an empty text.
    """

    name: str
    operation: str
    inputs: tuple[str, ...] = ()
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    value: Numbers | None = None
    gradient: Numbers | None = None
    saved_bytes: int = 0
    frames: tuple[Frame, ...] = ()
    is_custom: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Cut:
    """A place where gradients stop.

    Attributes:
        why: One of a few words, such as ``detach`` or ``integer``.
        operation: The function that was called.
        frames: The code that called it, the outermost first.
        within: The function in which gradients are off, as a decorator has it; empty without one.
    """

    why: Why
    operation: str
    frames: tuple[Frame, ...] = ()
    within: str = ""


@dataclass(frozen=True)
class Backward:
    """All that is known of one graph.

    Attributes:
        nodes: Each after those that its gradient goes to.
        cuts: Where gradients stop.
        notes: Why something is not known.
    """

    nodes: tuple[BackwardNode, ...]
    cuts: tuple[Cut, ...] = ()
    notes: tuple[str, ...] = ()


class Unique:
    """Gives names that were not given yet: ``Mul``, ``Mul#2``."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def __call__(self, name: str) -> str:
        """The name, with a number where it is not the first of its kind."""
        count = self._used.get(name, 0)
        self._used[name] = count + 1
        return f"{name}#{count + 1}" if count else name


def numbers_of_array(array: ArrayView) -> Numbers:
    """The numbers of an array, or their statistics."""
    found, shape, dtype = array.values, array.shape, array.dtype
    if found.size == 0:
        return Numbers(shape, dtype)
    values = written(found.tolist()) if found.size <= SMALL else ""
    if found.dtype.kind not in "iuf":
        return Numbers(shape, dtype, values)
    wide = found.astype(np.float64)
    return Numbers(shape, dtype, values, float(wide.mean()), float(np.abs(wide).max()))


def written(numbers: Any) -> str:
    """A few numbers as text: ``[1, 2.5]``."""
    if isinstance(numbers, list):
        return f"[{', '.join(map(written, numbers))}]"
    return f"{numbers:.4g}" if isinstance(numbers, float) else str(numbers)
