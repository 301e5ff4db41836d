"""What must not happen while a cell's graph is made, and would do so without a word.

- A comprehension or ``list`` over a data set would never end: in a graph, the iterator gives
  one symbol after the other.
- Python's and NumPy's random numbers would be drawn once, and be the same in every call.
- XLA's cache ends the whole process (TensorFlow 2.21) where a graph takes text as an input.
"""

from __future__ import annotations

import pickle
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf

from dlmagic.errors import ModeUnavailable
from dlmagic.frameworks.tensorflow import _compat as compat

MOST = 1_000  # elements; each is an operation of the graph, and who wants more writes a loop
ENDLESS = "Python iterates over a data set of the graph"
ONCE = (
    "Random numbers of Python or NumPy would be drawn only once, when the graph is made: use "
    "tf.random."
)


@contextmanager
def watched(values: Iterable[object]) -> Iterator[None]:
    """While active, a graph may be made.

    Args:
        values: What the cell reads, generators of random numbers among it.

    Raises:
        RuntimeError: Python reads a data set to an end that never comes.
        ModeUnavailable: Random numbers were drawn outside of the graph.
    """
    generators = [value for value in values if isinstance(value, _GENERATORS)]
    before = _random_state(generators)
    with _bounded():
        yield
    if _random_state(generators) != before:
        raise ModeUnavailable(ONCE)


def refuse_text(concrete: Any) -> None:
    """Refuse to compile a graph with text among its inputs.

    Raises:
        ModeUnavailable: There is some.
    """
    if any(symbol.dtype == tf.string for symbol in concrete.inputs):
        raise ModeUnavailable("XLA cannot compile text, which this cell reads.")


@contextmanager
def _bounded() -> Iterator[None]:
    """Let iterators over data sets give only so many symbols each."""
    kinds: tuple[Any, ...] = compat.iterator_kind()
    before = [(kind, kind.__next__) for kind in kinds]
    given: Counter[int] = Counter()
    for kind, following in before:
        kind.__next__ = _counted(following, given)
    try:
        yield
    finally:
        for kind, following in before:
            kind.__next__ = following


def _counted(following: Any, given: Counter[int]) -> Any:
    def __next__(iterator: Any) -> Any:  # noqa: N807 - it takes the place of that method
        given[id(iterator)] += 1
        if given[id(iterator)] > MOST and not tf.executing_eagerly():
            raise RuntimeError(ENDLESS)
        return following(iterator)

    return __next__


_GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)


def _random_state(generators: Iterable[object]) -> bytes:
    """What the generators behind ``random`` and ``np.random``, and these, stand at."""
    return pickle.dumps((random.getstate(), np.random.get_state(), *generators))
