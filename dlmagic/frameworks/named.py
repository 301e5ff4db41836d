"""What the user calls the arrays of a notebook, also those inside containers and objects."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any

from dlmagic.cell.saved_names import slots_of

_DEPTH = 6
_ITEMS = 200
"""How many items of a container are looked at."""
_OBJECTS = 20_000
"""How many objects are looked into: a name is worth no more than a moment."""
_OPAQUE = (ModuleType, FunctionType, MethodType, type, str, bytes)
_OF_THE_NOTEBOOK = ("In", "Out", "get_ipython", "exit", "quit", "open")

Named = dict[int, tuple[str, Any]]
"""The name of each array, and the array, by its identity."""


def named_arrays(namespace: Mapping[str, object], wanted: Callable[[object], bool]) -> Named:
    """The names of all wanted values, such as ``params['w']`` or ``model.layer.bias``.

    The shortest way to a value counts; names that begin with an underscore are not the user's.

    Args:
        namespace: The notebook's.
        wanted: Whether a value is one to be named.
    """
    found: Named = {}
    seen: set[int] = set()
    waiting = deque(
        (name, value, 0)
        for name, value in list(namespace.items())
        if not name.startswith("_") and name not in _OF_THE_NOTEBOOK
    )
    while waiting and len(seen) < _OBJECTS:
        name, value, depth = waiting.popleft()
        if wanted(value):
            found.setdefault(id(value), (name, value))
        elif id(value) not in seen and depth < _DEPTH and not isinstance(value, _OPAQUE):
            seen.add(id(value))
            waiting.extend((name + suffix, each, depth + 1) for suffix, each in _inside(value))
    return found


def _inside(value: object) -> Iterator[tuple[str, object]]:
    """What a value holds, and how to write the way to it."""
    if isinstance(value, dict):
        yield from ((f"[{key!r}]", each) for key, each in list(value.items())[:_ITEMS])
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        yield from ((f".{key}", getattr(value, key)) for key in value._fields)
    elif isinstance(value, list | tuple):
        yield from ((f"[{place}]", each) for place, each in enumerate(value[:_ITEMS]))
    else:
        for key, each in _attributes(value).items():
            yield ("" if key.startswith("_") else f".{key}"), each


def _attributes(value: object) -> dict[str, object]:
    own, filled = getattr(value, "__dict__", None), slots_of(value)
    slots = {name: getattr(value, name) for name in (filled() if filled else ())}
    return {**(own if isinstance(own, dict) else {}), **slots}
