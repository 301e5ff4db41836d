"""What a cell changes in place while it is traced: compiled code would do it only once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jax

from dlmagic.cell.reach import walk
from dlmagic.errors import with_article
from dlmagic.frameworks.jax.closures import Copies
from dlmagic.frameworks.jax.leaves import Tracer
from dlmagic.frameworks.protocol import CellLike, Framework


class ChangedWhileTracedError(Exception):
    """The cell changes something in place; the message says what, for the user."""


class Unchanged:
    """Looks at values before the trace and again after it.

    Args:
        values: Trees of values, each with the user's name for it.
    """

    def __init__(self, values: Iterable[tuple[str, object]]) -> None:
        self._values = [(*item, jax.tree_util.tree_flatten(item[1])) for item in values]

    def require(self) -> None:
        """Look again.

        Raises:
            ChangedWhileTracedError: A container has other contents.
        """
        for name, value, (leaves, structure) in self._values:
            now, structure_now = jax.tree_util.tree_flatten(value)
            if structure != structure_now or any(map(_differs, leaves, now)):
                if isinstance(value, list) and _is_longer(value, leaves, structure):
                    raise ChangedWhileTracedError(_about_list(f"appends to {name}"))
                raise ChangedWhileTracedError(_said(name, value))


class UnchangedObjects:
    """The same for copies of the user's objects.

    Args:
        copies: The copies that were made for the trace.
    """

    def __init__(self, copies: Copies) -> None:
        self._copies = [
            (value, copy, jax.tree_util.tree_flatten(dict(vars(copy))))
            for value, copy in copies.objects
        ]

    def require(self, cell: CellLike, framework: Framework) -> None:
        """Look again.

        Raises:
            ChangedWhileTracedError: An attribute has another value.
        """
        for value, copy, (leaves, structure) in self._copies:
            now, structure_now = jax.tree_util.tree_flatten(dict(vars(copy)))
            if structure != structure_now or any(map(_differs, leaves, now)):
                raise ChangedWhileTracedError(_said(_path_to(value, cell, framework), value))


def require_no_tracer(cell: CellLike, framework: Framework) -> None:
    """Look for tracers in what the cell reaches, after the trace.

    Raises:
        ChangedWhileTracedError: There is one.
    """
    lists: list[tuple[str, list[object]]] = []
    for reached in walk(cell.reads, cell.namespace, [framework]):
        if isinstance(reached.value, list):
            lists.append((reached.path, reached.value))
        if isinstance(reached.value, Tracer):
            holder = next((path for path, held in lists if _holds(held, reached.value)), None)
            if holder is not None:
                deed = f"puts what it computes into {holder}"
                raise ChangedWhileTracedError(_about_list(deed))
            raise ChangedWhileTracedError(_said(reached.path, None))


def _path_to(value: object, cell: CellLike, framework: Framework) -> str:
    for reached in walk(cell.reads, cell.namespace, [framework]):
        if reached.value is value:
            return f"the attributes of {reached.path}"
    return f"the attributes of {with_article(type(value).__name__)}"


def _differs(first: Any, second: Any) -> bool:
    return first is not second


def _is_longer(value: list[object], leaves: list[object], structure: Any) -> bool:
    """Whether a list still begins with what it held."""
    before = len(structure.children())
    now = jax.tree_util.tree_leaves(value[:before])
    return len(value) > before and len(now) == len(leaves) and not any(map(_differs, leaves, now))


def _holds(held: list[object], wanted: object) -> bool:
    return any(each is wanted for each in held)


def _about_list(deed: str) -> str:
    return (
        f"The cell {deed}, which compiled code does only once, while it is traced: append to a "
        "list that is made in the cell, or return the value and append it afterwards."
    )


def _said(path: str, value: object) -> str:
    if any(base.__module__.startswith("flax.nnx") for base in type(value).__mro__):
        return (
            f"The cell changes {path} in place, which jax.jit around the cell cannot follow: "
            "use nnx.jit around the step inside the cell, and mode eager times that."
        )
    return (
        f"The cell changes {path} in place, which compiled code does only once, while it is "
        "traced: make a new value instead."
    )
