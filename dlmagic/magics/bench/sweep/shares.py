"""How the user's time is divided among the values of a sweep."""

from __future__ import annotations

import math

from dlmagic.errors import OptionError
from dlmagic.magics.bench.measure import MINIMUM_BLOCK
from dlmagic.magics.bench.preparing import least_seconds


def share_of_each(seconds: float, values: int, arms: int) -> float:
    """Seconds for each value.

    Args:
        seconds: What the user granted for all of them.
        values: How many values.
        arms: How many arms are timed at each.

    Raises:
        OptionError: So little that no value would get the rounds that an interval needs.
    """
    needed = math.ceil(10 * values * least_seconds(arms, MINIMUM_BLOCK)) / 10
    if seconds >= needed:
        return seconds / values
    of_each = f" of {arms} arms each" if arms > 1 else ""
    raise OptionError(
        f"--time {seconds:g} is too little time for {values} values{of_each}:"
        f" at least {needed:g} s needed.",
        f"Give --time {needed:g} or more, or fewer values.",
    )
