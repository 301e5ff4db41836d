"""Functions that answer from memory while they are timed: ``functools.lru_cache`` and ``cache``.

Their memory is not part of the state that is put back before each block, so from the second
call on they compute nothing, in every mode alike. Their own counters tell.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from dlmagic.cell.function import CellFunction
from dlmagic.cell.global_names import helpers_of, names_in
from dlmagic.finding import Finding, Fix

_MEMOISED = type(functools.lru_cache(lambda: None))
_SHARE = 0.5  # of the calls, answered from memory


@contextmanager
def watching_memoised(cells: Iterable[CellFunction]) -> Iterator[list[Finding]]:
    """While active, count; at the end the list holds one finding per function that remembers."""
    functions = {name: each for cell in cells for name, each in _memoised_by(cell)}
    before = {name: each.cache_info() for name, each in functions.items()}
    found: list[Finding] = []
    try:
        yield found
    finally:
        for name, function in functions.items():
            after = function.cache_info()
            hits, misses = after.hits - before[name].hits, after.misses - before[name].misses
            if hits > _SHARE * (hits + misses):
                found.append(_finding(name, hits, hits + misses))


def _memoised_by(cell: CellFunction) -> Iterator[tuple[str, Any]]:
    """Memoised functions that the cell, or a function of the notebook that it calls, names."""
    called = helpers_of(cell.reads, cell.namespace)
    for name in {*cell.reads, *(each for one in called for each in names_in(one.__code__))}:
        value = cell.namespace.get(name)
        if isinstance(value, _MEMOISED):
            yield name, value


def _finding(name: str, hits: int, calls: int) -> Finding:
    return Finding(
        kind="memoised",
        level="warning",
        message=(
            f"{name} is memoised and answered {hits:,} of {calls:,} calls from memory: "
            "what it computes was hardly timed."
        ),
        operands=(name,),
        fix=Fix(f"Call {name}.cache_clear() in the cell, or time {name}.__wrapped__ instead."),
    )
