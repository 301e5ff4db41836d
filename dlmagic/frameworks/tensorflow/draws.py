"""Noticing that random numbers are drawn, where no state tells of it.

An operation without a seed draws from a state that nobody can read, and a stateless one has
none; yet a graph that XLA compiled makes other numbers of the same seed. So while a benchmark
counts, TensorFlow's own functions for such operations count their calls. A graph that was
traced before is not seen.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dlmagic.frameworks.tensorflow import _compat as compat

_drawn = 0


def drawn() -> int:
    """How often a random operation was called while somebody watched."""
    return _drawn


@contextmanager
def watching() -> Iterator[None]:
    """While active, draws are counted; not to be entered twice at once."""
    before = compat.random_functions()
    for module, name, function in before:
        setattr(module, name, _counted(function))
    try:
        yield
    finally:
        for module, name, function in before:
            setattr(module, name, function)


def _counted(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def draw(*arguments: Any, **keywords: Any) -> Any:
        global _drawn
        _drawn += 1
        return function(*arguments, **keywords)

    return draw
