"""Which frameworks stand behind some values, judged by where their types are defined.

No framework is asked and none imported: a value's class, or a base of it, is defined in a
module whose first name is the framework's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

DEPTH = 3
"""How far to look into containers, objects and functions."""
ITEMS = 50
"""How many items of a container are looked at: they are mostly of one kind."""


def roots_of(
    values: Iterable[object], wanted: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """The frameworks behind some values.

    Args:
        values: What a cell reads.
        wanted: The first names of the frameworks' modules, such as ``"torch"``.

    Returns:
        Those whose values are there (tensors, modules, optimisers), and those of which only
        modules, classes and functions are mentioned.
    """
    strong: set[str] = set()
    weak: set[str] = set()
    for value in _within(values):
        names = _mentioned(value)
        (strong if names is None else weak).update(_of_type(value) if names is None else names)
    return frozenset(strong & wanted), frozenset(weak & wanted)


def _within(values: Iterable[object]) -> Iterator[object]:
    """The values and what is inside them, each object once."""
    level = list(values)
    seen: dict[int, object] = {}
    for _ in range(DEPTH):
        fresh = [value for value in level if id(value) not in seen]
        seen.update((id(value), value) for value in fresh)
        level = [inner for value in fresh for inner in _inside(value)]
    return iter(seen.values())


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())[:ITEMS]
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)[:ITEMS]
    if isinstance(value, FunctionType):
        return _read_by(value)
    if isinstance(value, MethodType):
        return [value.__self__, value.__func__]
    if isinstance(value, type | ModuleType):
        return []
    attributes = getattr(value, "__dict__", None)
    return list(attributes.values())[:ITEMS] if isinstance(attributes, dict) else []


def _read_by(function: FunctionType) -> list[object]:
    """The globals and the closure that a function reads."""
    names = function.__code__.co_names
    read = [function.__globals__[name] for name in names if name in function.__globals__]
    for cell in function.__closure__ or ():
        try:
            read.append(cell.cell_contents)
        except ValueError:  # a variable that has no value yet
            continue
    return read


def _mentioned(value: object) -> set[str] | None:
    """The framework that a module, class or function belongs to; None for other values."""
    if isinstance(value, ModuleType):
        return {_root(value.__name__)}
    if isinstance(value, type):
        return {_root(base.__module__) for base in value.__mro__}
    if isinstance(value, FunctionType | BuiltinFunctionType | MethodType):
        owner = type(getattr(value, "__self__", None))
        return {_root(getattr(value, "__module__", None)), _root(owner.__module__), _holder(value)}
    return None


def _of_type(value: object) -> set[str]:
    return {_root(base.__module__) for base in type(value).__mro__}


def _holder(function: object) -> str:
    """Functions of an extension may name only the class that holds them."""
    held = getattr(function, "__self__", None)
    return _root(getattr(held, "__module__", None)) if isinstance(held, type) else ""


def _root(module: object) -> str:
    return module.partition(".")[0] if isinstance(module, str) else ""
