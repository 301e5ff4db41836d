"""Values that a cell's functions read from outside: the notebook's names, their closures.

A graph mode turns what a cell reads into inputs. A helper function of the notebook reads
names of its own, which the compiler would take for constants: while it traces the cell, the
adapter puts its own inputs into those places, and afterwards everything is as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import CellType, FunctionType

from dlmagic.cell import global_names
from dlmagic.frameworks.protocol import CellLike


@dataclass(frozen=True)
class Place:
    """A name of the notebook, or a variable of a closure, that a function reads.

    Attributes:
        name: The user's name for it.
        holder: The notebook's namespace, or the closure's cell.
    """

    name: str
    holder: dict[str, object] | CellType

    def read(self) -> object:
        """The value that stands there."""
        if isinstance(self.holder, CellType):
            return self.holder.cell_contents
        return self.holder[self.name]

    def write(self, value: object) -> None:
        """Let another value stand there."""
        if isinstance(self.holder, CellType):
            self.holder.cell_contents = value
        else:
            self.holder[self.name] = value


def places_outside(
    cell: CellLike, arguments: Mapping[str, object], wanted: Callable[[object], bool]
) -> list[Place]:
    """Where the functions that a cell calls read wanted values that are no parameters.

    Only plain functions of the notebook are followed. What a compiled function reads was
    decided when it was traced.

    Args:
        cell: The cell.
        arguments: The values of its parameters.
        wanted: Whether a value should become an input.
    """
    read = [cell.namespace[name] for name in cell.reads if name in cell.namespace]
    found: dict[tuple[str, int], Place] = {}
    globals_read = [name for name in cell.reads if name not in arguments]
    for place in [
        *(Place(name, cell.namespace) for name in globals_read if name in cell.namespace),
        *_read_by_functions([*arguments.values(), *read], cell.namespace),
    ]:
        if wanted(place.read()):
            found.setdefault((place.name, id(place.holder)), place)
    return list(found.values())


def read_by(function: FunctionType, namespace: dict[str, object]) -> Iterator[Place]:
    """The names of the notebook and the variables of closures that one function reads."""
    for name in sorted(global_names.of_code(function.__code__).loads):
        if name in namespace:
            yield Place(name, namespace)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            cell.cell_contents  # noqa: B018 - a variable that has no value yet raises
        except ValueError:
            continue
        yield Place(name, cell)


@contextmanager
def replaced(places: Sequence[Place], values: Iterable[object]) -> Iterator[None]:
    """While active, other values stand in some places."""
    before = [place.read() for place in places]
    try:
        for place, value in zip(places, values, strict=True):
            place.write(value)
        yield
    finally:
        for place, value in zip(places, before, strict=True):
            place.write(value)


def _read_by_functions(values: Iterable[object], namespace: dict[str, object]) -> Iterator[Place]:
    waiting = [value for value in values if isinstance(value, FunctionType)]
    seen: set[FunctionType] = set()
    while waiting:
        function = waiting.pop()
        if function in seen or function.__globals__ is not namespace:
            continue
        seen.add(function)
        for place in read_by(function, namespace):
            yield place
            value = place.read()
            if isinstance(value, FunctionType):
                waiting.append(value)
