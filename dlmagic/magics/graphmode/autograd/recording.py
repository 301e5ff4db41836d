"""What each framework tells of the graph behind its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from dlmagic.frameworks.backward import Backward, Cut

LAST = "the last value"
Assigned = Sequence[tuple[str, object]]
"""What a cell has assigned, by name, in its order."""


@dataclass(frozen=True)
class Target:
    """The value whose graph is drawn.

    Attributes:
        name: What the user calls it.
        value: The value.
    """

    name: str
    value: object


class Recording(Protocol):
    """What one framework noted while a cell ran."""

    advice: str
    """What to do about a cell that cuts nothing and has no graph all the same."""

    @property
    def cuts(self) -> Sequence[Cut]:
        """Where gradients stop."""

    def target(self, assigned: Assigned, last: object) -> Target | None:
        """The value whose graph the cell is about; None where it makes none with a graph."""

    def read(self, target: Target) -> Backward:
        """The graph behind the target, with gradients from a pass that changes nothing."""

    def close(self) -> None:
        """Leave nothing behind on what the cell has made."""


class Autograd(Protocol):
    """One framework's part of this room."""

    def owns(self, value: object) -> bool:
        """Whether a value is a tensor of this framework's."""

    def recording(
        self, filename: str, namespace: Mapping[str, object]
    ) -> AbstractContextManager[Recording]:
        """While active, a cell's steps are noted; one that fails leaves nothing behind.

        Args:
            filename: The cell's, to find the line of each step.
            namespace: The notebook's, as the cell finds it.
        """

    def existing(self, target: Target, namespace: Mapping[str, object]) -> Backward:
        """The graph behind a tensor that exists already.

        Raises:
            InputError: There is none; the reason is said.
        """


def first_with_graph(
    assigned: Assigned, last: object, has_graph: Callable[[object], bool]
) -> Target | None:
    """The last value of a cell, or else the one that it assigned last; one with a graph."""
    for name, value in [(LAST, last), *reversed(assigned)]:
        if has_graph(value):
            return Target(name_of(value, assigned) or name, value)
    return None


def name_of(value: object, assigned: Assigned) -> str | None:
    """The first name that a cell has given to a value."""
    return next((name for name, each in assigned if each is value), None)
