"""Finding tensors: under the notebook's names, in containers and objects, in old results."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from types import TracebackType

from dlmagic.cell.source import name_of_users_file
from dlmagic.frameworks.description import Describer, Description, describers, folded, told

_DEPTH = 3
_FEW = 4
"""Tensors of a container up to which each has a row of its own."""
_MOST_ITEMS = 100_000
"""Items of one list that are looked at: mostly they are all numbers."""
_MOST_VALUES = 100_000
"""Values other than numbers and texts that one walk looks at."""
_NO_TENSORS = (type(None), bool, int, float, complex, str, bytes)
_NOT_THE_USERS = frozenset({"In", "Out", "exit", "quit", "get_ipython", "open"})


@dataclass(frozen=True)
class Found:
    """A tensor, or several that belong together.

    Attributes:
        name: What the user calls it.
        description: What is known of it.
        values: The tensor, or those that belong together.
        kept_by: What else holds it.
    """

    name: str
    description: Description
    values: tuple[object, ...] = field(repr=False)
    kept_by: tuple[str, ...] = ()


class Collector:
    """One walk over a notebook; values are looked at, never called, printed or compared.

    Attributes:
        left: How many more values it looks at; below zero where that was too few.
    """

    def __init__(self) -> None:
        self.left = _MOST_VALUES
        self._describers: Sequence[Describer] = describers()

    def of_names(self, namespace: Mapping[str, object]) -> list[Found]:
        """What the user's own names lead to."""
        names = [name for name in namespace if name[:1] != "_" and name not in _NOT_THE_USERS]
        return [found for name in names for found in self._of(name, namespace[name], _DEPTH)]

    def of_outputs(self, outputs: Mapping[int, object]) -> list[Found]:
        """What ``Out`` keeps."""
        return [
            found
            for number, value in list(outputs.items())
            for found in self._of(f"Out[{number}]", value, _DEPTH)
        ]

    def of_traceback(self, traceback: TracebackType | None, own: object) -> list[Found]:
        """What the functions on the stack of an error keep.

        Args:
            traceback: The error's.
            own: The notebook's namespace, which is not looked at again.
        """
        found: list[Found] = []
        while traceback is not None:
            frame = traceback.tb_frame
            if frame.f_globals is not own or frame.f_code.co_name != "<module>":
                for name, value in list(frame.f_locals.items()):
                    if value is not own:  # what times a cell has it as a variable
                        path = f"{name} in {frame.f_code.co_name}"
                        found += self._of(path, value, 1)
            traceback = traceback.tb_next
        return found

    def _of(
        self, name: str, value: object, depth: int, around: tuple[object, ...] = ()
    ) -> Iterator[Found]:
        """What a value leads to.

        Args:
            name: What the user calls it.
            value: The value.
            depth: How far to look into containers and objects.
            around: The containers and objects that it is in, which may be in it in turn.
        """
        if type(value) in _NO_TENSORS or any(value is each for each in around):
            return
        self.left -= 1
        if self.left < 0:
            return
        description = self._described(value)
        if description is not None:
            yield Found(name, description, (value,))
            return
        parts = self._parts(value)
        if parts is not None:
            known = [(part, self._described(part)) for part in parts]
            inside = [(part, each) for part, each in known if each is not None]
            whole = folded(type(value).__name__, (each for _, each in inside))
            yield Found(name, whole, tuple(part for part, _ in inside))
        elif depth > 0:
            items = _items(name, value)
            inner = [self._of(path, item, depth - 1, (*around, value)) for path, item in items]
            yield from _folded(name, value, [found for each in inner for found in each])

    def _described(self, value: object) -> Description | None:
        for describer in self._describers:
            found = told(lambda: describer.describe(value))  # noqa: B023 - called at once
            if found is not None:
                return found
        return None

    def _parts(self, value: object) -> list[object] | None:
        for describer in self._describers:
            found = told(lambda: describer.parts_of(value))  # noqa: B023 - called at once
            if found is not None:
                return found
        return None


def _folded(name: str, value: object, found: list[Found]) -> Iterator[Found]:
    """Few tensors with rows of their own, many in one."""
    if len(found) <= _FEW:
        yield from found
        return
    whole = folded(type(value).__name__, (each.description for each in found))
    yield Found(name, whole, tuple(value for each in found for value in each.values))


def _items(name: str, value: object) -> Iterator[tuple[str, object]]:
    """What is inside a container or an object of the user's, as the user would write it."""
    if isinstance(value, dict):
        items = islice(value.items(), _MOST_ITEMS)
        yield from ((f"{name}[{key!r}]", item) for key, item in items if _plain(key))
    elif isinstance(value, list | tuple):
        yield from ((f"{name}[{k}]", item) for k, item in enumerate(islice(value, _MOST_ITEMS)))
    elif not isinstance(value, type) and _is_the_users(type(value)):
        attributes = told(lambda: vars(value)) or {}
        yield from ((f"{name}.{key}", item) for key, item in attributes.items() if key[:1] != "_")


def _is_the_users(kind: type) -> bool:
    """Whether a class stands in the notebook or in a file of the user's."""
    module = sys.modules.get(kind.__module__)
    if module is None or kind.__module__ in ("builtins", "__main__"):
        return kind.__module__ == "__main__"
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and name_of_users_file(file) is not None


def _plain(key: object) -> bool:
    """Whether a key may be printed: those of others may do anything then."""
    return type(key) in (str, int)


def joined(own: Sequence[Found], outputs: Sequence[Found], errors: Sequence[Found]) -> list[Found]:
    """Every tensor once under the user's names, with what else keeps it, then all the others."""
    keepers: dict[int, list[str]] = {}
    for keeper in outputs:
        for value in keeper.values:
            keepers.setdefault(id(value), []).append(keeper.name)
    for keeper in errors:
        for value in keeper.values:
            if "the last error" not in keepers.setdefault(id(value), []):
                keepers[id(value)].append("the last error")
    named = {id(value) for each in own for value in each.values}
    found = [replace(each, kept_by=_keepers(each, keepers)) for each in own]
    for each in (*outputs, *errors):
        if not all(id(value) in named for value in each.values):
            named.update(id(value) for value in each.values)
            also = [k for k in _keepers(each, keepers) if k != each.name]
            found.append(replace(each, kept_by=tuple(also)))
    return found


def _keepers(found: Found, keepers: Mapping[int, list[str]]) -> tuple[str, ...]:
    names = (name for value in found.values for name in keepers.get(id(value), ()))
    return tuple(dict.fromkeys(names))
