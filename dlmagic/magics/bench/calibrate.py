"""How many calls make a block long enough for the clock, and short enough for the budget.

Counts come from the fastest sample of each warm-up, which a busy machine disturbs least.
Runners of nearly one speed get one count: a longer block is interrupted more often than a
shorter one, so equal runners would look different on a busy machine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

_NEARLY = 1.5  # ratio of the speeds of runners that share a count
_MOST_CALLS = 1_000_000  # of anything that Python calls in no time, by a clock that stands still


def calls_per_block(
    per_call: Mapping[str, float], *, min_block: float, max_block: float, same_calls: bool
) -> dict[str, int]:
    """Calls per block for each runner, so that a block lasts at least ``min_block`` seconds.

    Args:
        per_call: Seconds a call when nothing disturbs it, by runner.
        min_block: Seconds that a block should last.
        max_block: Seconds that it should not exceed, which wins; one call is made in any case.
        same_calls: Whether all runners share one count: the largest that the slowest bears.
    """
    if not per_call:
        return {}
    nearly = math.inf if same_calls else _NEARLY
    counts: dict[str, int] = {}
    group: list[str] = []
    for name in sorted(per_call, key=per_call.__getitem__):
        if group and per_call[name] > nearly * per_call[group[0]]:
            group = []
        group.append(name)
        # The fastest of a group needs the most calls, its slowest bears the fewest.
        wanted = min(_MOST_CALLS, math.ceil(min_block / per_call[group[0]]))
        bearable = int(max_block / per_call[name])
        counts.update(dict.fromkeys(group, max(1, min(wanted, bearable))))
    return counts
