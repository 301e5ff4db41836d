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
    """

    name: str
    inputs: tuple[Seen, ...] = ()
    output: Seen | None = None
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    frame: Frame | None = None
    is_finite: bool | None = None


@dataclass(frozen=True)
class Step:
    """An optimiser that is about to change its parameters.

    Attributes:
        optimizer: Its identity.
        parameters: How many it holds.
        with_gradient: How many of them have a gradient.
        uncleared: How many still have the very gradient that they had at the step before.
        fresh: How many have a gradient that came or changed since the step before.
        trainable: How many gradients are recorded for.
        closure: Whether the step computes the loss itself, so that gradients are yet to come.
        gradients: Numbers of the gradients.
        rates: The learning rates that it steps with, where they are plain numbers.
        held: Identities of its parameters.
        reached: Identities of all tensors, its own or not, that gradients have reached since any
            optimiser stepped.
        frame: The line of the user's that led to it.
    """

    optimizer: int
    parameters: int
    with_gradient: int
    uncleared: int
    fresh: int = 0
    trainable: int = 0
    closure: bool = False
    gradients: frozenset[int] = frozenset()
    rates: frozenset[float] = frozenset()
    held: frozenset[int] = frozenset()
    reached: frozenset[int] = frozenset()
    frame: Frame | None = None


@dataclass(frozen=True)
class GradientRead:
    """A gradient that was looked at, by other code than the framework's own.

    Attributes:
        owner: Identity of the tensor whose gradient it is.
        frame: The line of the user's that led to it.
    """

    owner: int
    frame: Frame | None = None


@dataclass(frozen=True)
class TrainedInEvaluation:
    """A step that trains a module which is set to evaluate though it has dropout.

    Attributes:
        module: Its identity.
        kind: Its class's name.
        frame: The line of the user's that led to it.
    """

    module: int
    kind: str
    frame: Frame | None = None


@dataclass(frozen=True)
class End:
    """Watching ends; the cell may run on.

    Attributes:
        kept: Single numbers with a graph that are still there.
        reached: Identities of the tensors that gradients have reached since the last step.
        complete: Whether the whole cell was watched.
    """

    kept: tuple[Seen, ...] = ()
    reached: frozenset[int] = frozenset()
    complete: bool = True


Event = Operation | Step | GradientRead | TrainedInEvaluation | End
