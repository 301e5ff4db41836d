"""What a cell computes, as rules about silent mistakes hear of it: one event after the other.

Events keep no tensor alive. Of numbers they hold no more than what is known of small tensors on
the CPU without waiting for anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dlmagic.frameworks.captured import Frame, Span

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
class Unseen:
    """An argument that is neither a tensor nor a plain value.

    Attributes:
        kind: Its class's name.
    """

    kind: str


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
        span: The expression on that line, where Python knows it.
        is_finite: Whether all of its numbers are; None where nobody looked.
        is_within: Whether all places that it reads lie in the tensor; None where nobody looked.
        is_direct: Whether the user's line calls it itself, not by way of a library.
        is_steep: Whether its slope is infinite somewhere, as that of a root is at 0.
        extremes: The least and the greatest number of each input, where the result is not finite
            or the slope is not.
        value: The number that gradients are taken of.
        labels: What its targets are like, where it is a loss.
        copied: Inputs that it copied.
        parameter: The first of the notebook's parameters that takes part, as the user would write
            it: ``"net.0.weight"``; empty where there is none.
        evaluating: The notebook's module that holds it and is set to evaluate, or empty.
        recording: Whether gradients are recorded at all: not so within ``torch.no_grad()``.
        data_range: Smallest and largest number of images or labels; None where nobody looked.
        is_exact: Whether whole numbers came out as mathematics has it, without overflow and without
            a fraction lost; None where nobody looked.
    """

    name: str
    inputs: tuple[Seen, ...] = ()
    output: Seen | None = None
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    frame: Frame | None = None
    span: Span | None = None
    is_finite: bool | None = None
    is_within: bool | None = None
    is_direct: bool = False
    is_steep: bool = False
    extremes: tuple[tuple[float, float] | None, ...] = ()
    value: float | None = None
    labels: Labels | None = None
    copied: tuple[Copied, ...] = ()
    parameter: str = ""
    evaluating: str = ""
    recording: bool = True
    data_range: tuple[float, float] | None = None
    is_exact: bool | None = None


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
        came: How many a backward pass has reached since the step before, also where the gradient
            is gone again.
        closure: Whether the step computes the loss itself, so that gradients are yet to come.
        gradients: Numbers of the gradients.
        rates: The learning rates that it steps with, where they are plain numbers.
        held: Identities of its parameters; empty where nobody can tell of others that they are
            trained.
        without_gradient: Identities of those that have none though they could.
        has_finite_gradients: Whether all gradients are; None where nobody looked.
        reached: Identities of all tensors, its own or not, that gradients have reached since any
            optimiser stepped.
        frame: The line of the user's that led to it.
        span: The expression on that line, where Python knows it.
        is_direct: Whether no other code of the user's stands between that line and the optimiser.
    """

    optimizer: int
    parameters: int
    with_gradient: int
    uncleared: int
    fresh: int = 0
    trainable: int = 0
    came: int = 0
    closure: bool = False
    gradients: frozenset[int] = frozenset()
    rates: frozenset[float] = frozenset()
    held: frozenset[int] = frozenset()
    without_gradient: frozenset[int] = frozenset()
    has_finite_gradients: bool | None = None
    reached: frozenset[int] = frozenset()
    frame: Frame | None = None
    span: Span | None = None
    is_direct: bool = True


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


def sources(seen: Seen | None, known: set[int] | None = None) -> Iterator[Seen]:
    """A tensor and all those that it was computed from, each once.

    Args:
        seen: The tensor.
        known: Numbers of tensors that are passed by with all behind them; it grows by those found.
    """
    waiting = [] if seen is None else [seen]
    known = set() if known is None else known
    while waiting:
        each = waiting.pop()
        if each.number not in known:
            known.add(each.number)
            yield each
            waiting += each.maker.inputs if each.maker is not None else ()


def note_sources(event: Operation, known: set[int]) -> None:
    """Add the numbers of all tensors that an operation rests on."""
    for each in event.inputs:
        for _ in sources(each, known):
            pass
