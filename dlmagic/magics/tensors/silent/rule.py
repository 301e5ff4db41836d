"""What a rule about silent mistakes is."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from dlmagic.finding import Finding, Fix
from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.operations import CopyTime, Event

Sure = Literal["certain", "likely"]
"""Whether a rule speaks by itself, or only with ``--hints``."""


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
        untrained: Names of parameters that the cell gave a gradient and that are in no optimiser,
            besides those of the identities that it takes.
        problem_of_model: What of a model's loss does not fit its output, and what to do; or None.
        name_of: How the user would write the tensor of a number in events, or None.
        names_of: Names of the parameters of some identities.
        columns_with_nan: Names of the columns of a tensor's name that hold NaN or infinity.
        time_of_copy: What it costs to copy a source once more, or None.
    """

    tree: ast.Module
    namespace: Mapping[str, object] = field(repr=False)
    untrained: Callable[[Collection[int]], tuple[str, ...]] = lambda _held: ()
    problem_of_model: Callable[[object], tuple[str, str] | None] = lambda _model: None
    name_of: Callable[[int], str | None] = lambda _number: None
    names_of: Callable[[Collection[int]], tuple[str, ...]] = lambda _identities: ()
    columns_with_nan: Callable[[str], tuple[str, ...]] = lambda _name: ()
    time_of_copy: Callable[[tuple[object, ...]], CopyTime | None] = lambda _source: None


class Rule(Protocol):
    """One mistake; a fresh instance hears each cell."""

    kind: str
    sure: Sure

    def hear(self, event: Event) -> None:
        """One event, in the order in which they happened."""

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """What was seen, when the cell has ended."""


class Listening:
    """A rule that needs no more than the events: it notes mistakes as it hears of them."""

    def __init__(self) -> None:
        self.found: list[Mistake] = []

    def hear(self, event: Event) -> None:
        """Nothing, unless a rule has something to hear."""

    def mistakes(self, after: After) -> Iterable[Mistake]:  # noqa: ARG002 - the protocol's
        """Each line once."""
        return list({each.frame: each for each in reversed(self.found)}.values())


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
