"""What the user should know about the functions that they have compiled with numba."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import Any

from numba.core.dispatcher import Dispatcher

from dlmagic.cell import global_names
from dlmagic.finding import Finding, Fix
from dlmagic.frameworks.protocol import CellLike


def findings_about(cell: CellLike) -> tuple[Finding, ...]:
    """Object mode and the disk cache, for every compiled function that the cell can call.

    What a function was compiled to is known once the cell has run.
    """
    compiled = [
        (name, value)
        for name, value in reached(cell.reads, cell.namespace)
        if isinstance(value, Dispatcher)
    ]
    return tuple(finding for name, value in compiled for finding in _about(name, value))


def reached(names: Iterable[str], namespace: dict[str, object]) -> Iterator[tuple[str, object]]:
    """The values behind some names, and behind the names that functions among them read."""
    waiting, seen = list(names), set[str]()
    while waiting:
        name = waiting.pop(0)
        if name in seen or name not in namespace:
            continue
        seen.add(name)
        value = namespace[name]
        yield name, value
        function = getattr(value, "py_func", value)
        if isinstance(function, FunctionType) and function.__globals__ is namespace:
            waiting += sorted(global_names.of_code(function.__code__).loads)


def _about(name: str, dispatcher: Any) -> Iterator[Finding]:
    if len(dispatcher.nopython_signatures) < len(dispatcher.signatures):
        yield Finding(
            "object-mode",
            "warning",
            f"{name} was compiled in object mode, which is about as slow as Python itself.",
            operands=(name,),
            fix=Fix("Decorate it with @njit, and take out of it what numba then names."),
        )
    if sum(dispatcher.stats.cache_hits.values()):
        yield Finding(
            "warm-cache",
            "hint",
            f"{name} was loaded from numba's disk cache, so its compile time is not counted.",
            operands=(name,),
        )
