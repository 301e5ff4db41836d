"""numba's settings in another process."""

from __future__ import annotations

from collections.abc import Mapping

import numba

from dlmagic.frameworks.numba import threads

_THREADS = "threads"


def settings() -> dict[str, object]:
    """The number of threads."""
    return {_THREADS: threads.number()}


def take_over(settings: Mapping[str, object]) -> None:
    """Set the number of threads if it differs; to set it starts them."""
    wanted = settings.get(_THREADS)
    if isinstance(wanted, int) and wanted != threads.number():
        numba.set_num_threads(wanted)
