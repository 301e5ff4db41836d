"""Which value keeps others from travelling to another process, by the name that a user writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, MethodType, ModuleType

from dlmagic.cell import global_names
from dlmagic.cell.reach import attributes_of

_DEEPEST = 8
_MOST = 2000  # values that are tried; pickling each costs what it holds

Why = Callable[[object], str | None]


def culprit(values: Mapping[str, object], why: Why) -> tuple[str, str] | None:
    """The innermost value that cannot travel: its path, and the reason.

    Args:
        values: What is to travel, by name.
        why: Says why one value, with all that it holds, cannot travel; None if it can.
    """
    search = _Search(why)
    for name, value in values.items():
        reason = why(value)
        if reason is not None:
            return search.within(name, value, reason, 0)
    return None


class _Search:
    """One search; no value is tried twice."""

    def __init__(self, why: Why) -> None:
        self._why = why
        self._seen: dict[int, object] = {}

    def within(self, path: str, value: object, reason: str, depth: int) -> tuple[str, str]:
        """The innermost culprit in a value that cannot travel."""
        self._seen[id(value)] = value
        for suffix, part in _parts(path, value) if depth < _DEEPEST else ():
            if id(part) in self._seen or len(self._seen) > _MOST:
                continue
            inner = self._why(part)
            self._seen[id(part)] = part
            if inner is not None:
                return self.within(suffix, part, inner, depth + 1)
        return path, reason


def _parts(path: str, value: object) -> Iterator[tuple[str, object]]:
    """What a value holds, each with its path."""
    if isinstance(value, FunctionType):
        if value.__globals__.get("__name__") == "__main__":  # a library has names of its own
            yield from _parts_of_function(value)
    elif isinstance(value, ModuleType):
        return
    elif isinstance(value, MethodType):
        yield from ((path, value.__self__), (path, value.__func__))
    elif isinstance(value, dict):
        yield from ((f"{path}[{key!r}]", item) for key, item in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"{path}[{index}]", item) for index, item in enumerate(value))
    elif isinstance(value, type):
        yield from ((f"{value.__name__}.{name}", item) for name, item in vars(value).items())
    else:
        attributes = attributes_of(value) or {}
        yield from ((f"{path}.{name}", item) for name, item in attributes.items())
        if type(value).__module__ == "__main__":
            yield type(value).__name__, type(value)


def _parts_of_function(function: FunctionType) -> Iterator[tuple[str, object]]:
    used = global_names.of_code(function.__code__)
    for name in sorted(used.loads):
        if name in function.__globals__:
            yield name, function.__globals__[name]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # a variable that has no value yet
            continue
