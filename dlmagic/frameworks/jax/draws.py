"""Random numbers that are not JAX's: compiled code draws them once, while it is traced."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from dlmagic.cell.reach import walk
from dlmagic.frameworks.jax.changes import ChangedWhileTracedError
from dlmagic.frameworks.protocol import CellLike, Framework


class Undrawn:
    """Looks at the generators of Python and NumPy before the trace and again after it.

    Args:
        cell: The cell; generators that it reaches count too.
        framework: The adapter, which tells what is behind a value.
    """

    def __init__(self, cell: CellLike, framework: Framework) -> None:
        self._before = [(name, read, read()) for name, read in _generators(cell, framework)]

    def require(self) -> None:
        """Look again.

        Raises:
            ChangedWhileTracedError: A generator has advanced.
        """
        for name, read, before in self._before:
            if read() != before:
                raise ChangedWhileTracedError(
                    f"The cell draws random numbers from {name}, which compiled code does only "
                    "once, while it is traced: use jax.random."
                )


def _generators(cell: CellLike, framework: Framework) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "random", lambda: repr(random.getstate())
    yield "np.random", lambda: _text(np.random.get_state())
    for reached in walk(cell.reads, cell.namespace, [framework]):
        generator = reached.value
        if isinstance(generator, np.random.Generator):
            yield reached.path, lambda bits=generator.bit_generator: _text(bits.state)  # type: ignore[misc]
        elif isinstance(generator, np.random.RandomState):
            yield reached.path, lambda old=generator: _text(old.get_state())  # type: ignore[misc]
        elif isinstance(generator, random.Random):
            yield reached.path, lambda own=generator: repr(own.getstate())  # type: ignore[misc]


def _text(state: Any) -> str:
    """A state as a text that differs wherever the state does; arrays by their bytes."""
    if isinstance(state, dict):
        return repr({key: _text(value) for key, value in state.items()})
    if isinstance(state, tuple):
        return repr([_text(value) for value in state])
    return repr(state.tobytes() if isinstance(state, np.ndarray) else state)
