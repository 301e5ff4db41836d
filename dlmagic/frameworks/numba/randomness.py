"""The random generators of compiled code.

Inside compiled functions ``np.random`` and ``random`` are generators of numba's own, one of
each per thread. Those of the threads of a parallel loop cannot be reached from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from dlmagic.frameworks.numba import _compat as compat
from dlmagic.frameworks.plain.state import SavedState


def save_generators() -> list[SavedState]:
    """The state of this thread's generators."""
    return [_saved(place) for place in compat.generator_places()]


def _saved(place: int) -> SavedState:
    read: Callable[[], bytes] = partial(compat.generator_state, place)
    return SavedState(read, partial(compat.set_generator_state, place), random=True)
