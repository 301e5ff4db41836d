"""The time, so that tests can hand in their own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """The clocks that waiting goes by.

    Attributes:
        monotonic: Seconds, for deadlines.
        sleep: Waits so many seconds; an interrupt ends it.
        wall: Seconds since 1970, to tell people.
    """

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    wall: Callable[[], float] = time.time
