"""What a cell computes, as rules about silent mistakes hear of it: one event after the other.

Events hold shapes and types, never numbers, and keep no tensor alive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dlmagic.frameworks.captured import Frame


@dataclass(frozen=True)
class Seen:
    """A tensor that took part in an operation.

    Attributes:
        number: Its own, in the order in which tensors were first seen.
        shape: Elements per axis.
        dtype: Such as ``"float32"``.
        requires_grad: Whether gradients are recorded for it.
        maker: The operation that made it; None where that was not seen.
    """

    number: int
    shape: tuple[int, ...]
    dtype: str
    requires_grad: bool = False
    maker: Operation | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Operation:
    """One call of a function of the framework.

    Attributes:
        name: The function's, such as ``"cross_entropy"`` or ``"__add__"``.
        inputs: The tensors that it took, in order.
        output: The tensor that it gave, where it gave one.
        arguments: All positional arguments, tensors as :class:`Seen`.
        options: All named arguments, likewise.
        frame: The line of the user's that led to it.
        is_finite: Whether all of its numbers are; None where nobody looked.
        is_within: Whether all places that it reads lie in the tensor; None where nobody looked.
    """

    name: str
    inputs: tuple[Seen, ...] = ()
    output: Seen | None = None
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    frame: Frame | None = None
    is_finite: bool | None = None
    is_within: bool | None = None


@dataclass(frozen=True)
class Step:
    """An optimiser that is about to change its parameters.

    Attributes:
        optimizer: Its identity.
        parameters: How many it holds.
        with_gradient: How many of them have a gradient.
        uncleared: How many still have the very gradient that they had at the step before.
        in_evaluation: Names of modules of the user's that hold them, have dropout, and are set to
            evaluate.
        frame: The line of the user's that led to it.
        held: Identities of its parameters; empty where nobody can tell of others that they are
            trained.
    """

    optimizer: int
    parameters: int
    with_gradient: int
    uncleared: int
    in_evaluation: tuple[str, ...] = ()
    frame: Frame | None = None
    held: frozenset[int] = frozenset()


Event = Operation | Step
