"""How often a live view reads."""

from __future__ import annotations

import math
import re

from dlmagic.errors import InputError

SHORTEST, LONGEST = 1.0, 60.0
_TIME = re.compile(r"(?P<number>\d*\.?\d+)\s*(?P<unit>ms|s|m|min)?")
_UNITS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, None: 1.0}


def period_of(every: str | float) -> float:
    """Seconds between two readings.

    Raises:
        InputError: That is no time, or one that is too short or too long.
    """
    seconds = _seconds(every) if isinstance(every, str) else float(every)
    if seconds is None or not math.isfinite(seconds):
        raise InputError(f"--every takes a time such as 2s, not {every!r}.")
    if not SHORTEST <= seconds <= LONGEST:
        raise InputError(
            f"--every takes {SHORTEST:g}s to {LONGEST:g}s, not {every!r}.",
            "Reading more often slows down what runs on a GPU.",
        )
    return seconds


def _seconds(text: str) -> float | None:
    found = _TIME.fullmatch(text.strip())
    return float(found["number"]) * _UNITS[found["unit"]] if found else None
