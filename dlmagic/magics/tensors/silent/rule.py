"""What a rule about silent mistakes is."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from dlmagic.finding import Finding, Fix
from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.operations import CopyTime, Event
from dlmagic.frameworks.training import Training

Sure = Literal["certain", "likely"]
"""Whether a rule speaks by itself, or only with ``--hints``."""
Problem = tuple[str, str] | None
"""What is wrong, to follow a name, and what to do about it."""


@dataclass(frozen=True)
class Mistake:
    """Something that a rule has seen.

    Attributes:
        message: One sentence in the user's own names.
        frame: The line, where it is known.
        line: Its number in the cell, where there is no frame.
        text: What to do about it.
        code: What the line becomes, or None.
        operands: Names of the values involved.
    """

    message: str
    frame: Frame | None = None
    line: int | None = None
    text: str = ""
    code: str | None = None
    operands: tuple[str, ...] = ()


@dataclass(frozen=True)
class After:
    """What a cell has left.

    Attributes:
        tree: The cell.
        namespace: The notebook's names.
        text: The cell as Python.
        training: What the notebook has to train with.
        problem_of_model: What of a model's loss does not fit its output and what to do, or None.
        problem_of_labels: Likewise of a model's loss and its labels.
        problem_of_metrics: Likewise of a model's metrics, with its labels.
        name_of: How the user would write the tensor of a number in events, or None.
        names_of: Names of the parameters of some identities.
        columns_with_nan: Names of the columns of a tensor's name that hold NaN or infinity.
        time_of_copy: What it costs to copy a source once more, or None.
    """

    tree: ast.Module
    namespace: Mapping[str, object] = field(repr=False)
    text: str = field(default="", repr=False)
    training: Training = field(default=Training(), repr=False)
    problem_of_model: Callable[[object], Problem] = lambda _model: None
    problem_of_labels: Callable[[object, object], Problem] = lambda _model, _labels: None
    problem_of_metrics: Callable[[object, object], Problem] = lambda _model, _labels: None
    name_of: Callable[[int], str | None] = lambda _number: None
    names_of: Callable[[Collection[int]], tuple[str, ...]] = lambda _identities: ()
    columns_with_nan: Callable[[str], tuple[str, ...]] = lambda _name: ()
    time_of_copy: Callable[[tuple[object, ...]], CopyTime | None] = lambda _source: None


class Rule(Protocol):
    """One mistake; a fresh instance hears each cell.

    Attributes:
        kind: The mistake's name.
        sure: Whether it speaks by itself.
        sign: Of a rule that needs no events, and so looks at ordinary cells, too: what stands in
            every cell with the mistake. Cells without it are not even parsed.
    """

    kind: str
    sure: Sure
    sign: re.Pattern[str] | None

    def hear(self, event: Event) -> None:
        """One event, in the order in which they happened."""

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """What was seen, when the cell has ended."""


class Listening:
    """A rule that needs no more than the events: it notes mistakes as it hears of them."""

    sign: re.Pattern[str] | None = None

    def __init__(self) -> None:
        self.found: list[Mistake] = []

    def hear(self, event: Event) -> None:
        """Nothing, unless a rule has something to hear."""

    def mistakes(self, after: After) -> Iterable[Mistake]:  # noqa: ARG002 - the protocol's
        """Each line once."""
        return list({each.frame: each for each in reversed(self.found)}.values())


def hears(rule: Rule) -> bool:
    """Whether a rule does anything with events: to tell them to all takes time in each step."""
    return any("hear" in vars(kind) for kind in type(rule).__mro__ if kind is not Listening)


def finding_of(rule: Rule, mistake: Mistake, cell: str | None, source: str | None) -> Finding:
    """A mistake as the user reads of it."""
    return Finding(
        kind=rule.kind,
        level="warning" if rule.sure == "certain" else "hint",
        message=mistake.message,
        cell=cell,
        line=mistake.frame.line if mistake.frame else mistake.line,
        source=source,
        operands=mistake.operands,
        fix=Fix(mistake.text, mistake.code) if mistake.text else None,
    )
