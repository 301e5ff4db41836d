"""How many threads compiled code may use, and whose they are.

To ask numba for the number of threads would start them. So it is asked only once they run.
"""

from __future__ import annotations

from collections.abc import Mapping

import numba

from dlmagic.frameworks.plain.state import SavedState


def settings() -> Mapping[str, str]:
    """The number of threads, their library once they run, and whether compiling is off."""
    found = {"threads": str(number())}
    layer = _layer()
    if layer is not None:
        found["threading layer"] = layer
    if numba.config.DISABLE_JIT:
        found["NUMBA_DISABLE_JIT"] = "1"
    return found


def save_threads() -> SavedState:
    """The number that ``numba.set_num_threads`` sets."""
    return SavedState(number, numba.set_num_threads)


def number() -> int:
    """The number of threads that compiled code uses, or will use once they run."""
    # numba.config knows the number with which they will start.
    running = _layer() is not None
    return int(numba.get_num_threads() if running else numba.config.NUMBA_NUM_THREADS)


def _layer() -> str | None:
    try:
        return str(numba.threading_layer())
    except ValueError:  # not started
        return None
