"""How often a live view reads."""

from __future__ import annotations

import re

from dlmagic.errors import InputError
from dlmagic.magics.gpus.amounts import seconds_of

SHORTEST, LONGEST = 1.0, 60.0
_BARE = re.compile(r"\d*\.?\d+", re.ASCII)


def period_of(every: str | float) -> float:
    """Seconds between two readings.

    Args:
        every: A time such as ``"2s"``; a number counts seconds, also as text.

    Raises:
        InputError: That is no time, or one that is too short or too long.
    """
    # A bare number can only mean seconds here, as there are so few of them.
    bare = isinstance(every, str) and _BARE.fullmatch(every.strip()) is not None
    seconds = seconds_of(float(every) if bare else every, "--every", such_as="2s")
    if not SHORTEST <= seconds <= LONGEST:
        why = "Reading more often slows down what runs on a GPU." if seconds < SHORTEST else ""
        raise InputError(
            f"--every takes {SHORTEST:g}s to {LONGEST:g}s, such as 2s, not {every!r}.", why
        )
    return seconds
