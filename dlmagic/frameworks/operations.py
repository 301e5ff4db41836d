"""What a cell computes, as rules about silent mistakes hear of it: one event after the other.

Events keep no tensor alive. Of numbers they hold no more than what is known of small tensors on
the CPU without waiting for anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dlmagic.frameworks.captured import Frame

Numbers = Literal["finite", "low", "infinite", "nan"]
"""All finite; minus infinity among them, as in masks; infinity among them; NaN among them."""


@dataclass(frozen=True)
class Seen:
    """A tensor that took part in an operation.

    Attributes:
        number: Its own, in the order in which tensors were first seen.
        shape: Elements per axis.
        dtype: Such as ``"float32"``.
        requires_grad: Whether gradients are recorded for it.
        maker: The operation that made it; None where that was not seen.
        parameter: Its identity, where gradients are kept of it; else None.
        numbers: What its numbers are; None where nobody looked.
    """

    number: int
    shape: tuple[int, ...]
    dtype: str
    requires_grad: bool = False
    maker: Operation | None = field(default=None, repr=False, compare=False)
    parameter: int | None = None
    numbers: Numbers | None = None


@dataclass(frozen=True)
class Labels:
    """What the targets of a loss are like.

    Attributes:
        lowest: The least of all.
        highest: The greatest.
        are_whole: Whether all are whole numbers.
        row_sums: The least and the greatest sum along the classes, of rows with several that are
            not 0; None where there is no such row, or targets are no probabilities of classes.
        all_ignored: Whether each of them is the one that the loss passes over.
    """

    lowest: float
    highest: float
    are_whole: bool = False
    row_sums: tuple[float, float] | None = None
    all_ignored: bool = False


@dataclass(frozen=True)
class Copied:
    """Numbers that an operation had to put in order before it could begin.

    Attributes:
        source: The same for the same numbers, however often they are copied.
        number: Of the tensor that is copied.
        base: Of the one whose memory it looks at.
        shape: Elements per axis of what is copied.
        strides: Elements to step over for the next one on each axis.
        nbytes: Bytes that are copied.
    """

    source: tuple[object, ...]
    number: int
    base: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    nbytes: int


@dataclass(frozen=True)
class CopyTime:
    """What one copy costs.

    Attributes:
        seconds: The time.
        is_measured: Whether the very tensor was copied; else it was reckoned from a part of it, or
            one like it.
    """

    seconds: float
    is_measured: bool


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
        is_direct: Whether the user's line calls it itself, not by way of a library.
        is_steep: Whether its slope is infinite somewhere, as that of a root is at 0.
        extremes: The least and the greatest number of each input, where the result is not finite
            or the slope is not.
        value: The number that gradients are taken of.
        labels: What its targets are like, where it is a loss.
        copied: Inputs that it copied.
    """

    name: str
    inputs: tuple[Seen, ...] = ()
    output: Seen | None = None
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    frame: Frame | None = None
    is_finite: bool | None = None
    is_within: bool | None = None
    is_direct: bool = False
    is_steep: bool = False
    extremes: tuple[tuple[float, float] | None, ...] = ()
    value: float | None = None
    labels: Labels | None = None
    copied: tuple[Copied, ...] = ()


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
        without_gradient: Identities of those that have none though they could.
        has_finite_gradients: Whether all gradients are; None where nobody looked.
    """

    optimizer: int
    parameters: int
    with_gradient: int
    uncleared: int
    in_evaluation: tuple[str, ...] = ()
    frame: Frame | None = None
    held: frozenset[int] = frozenset()
    without_gradient: frozenset[int] = frozenset()
    has_finite_gradients: bool | None = None


Event = Operation | Step
