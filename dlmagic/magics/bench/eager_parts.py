"""What a compiler left out of its graphs, told from what it counted before the measuring."""

from __future__ import annotations

from collections.abc import Mapping

from dlmagic.finding import Finding


def findings_about_eager_parts(
    first_call: Mapping[str, int], warm_up: Mapping[str, int]
) -> tuple[Finding, ...]:
    """What to say of graph breaks and of code that was not compiled at all.

    Args:
        first_call: What was counted in the first call of a mode.
        warm_up: What was counted after it, while the mode warmed up. It counts only where the
            first call was without: compiled again, the same code breaks at the same place.
    """
    broken, fallen_back = (
        first_call.get(event) or warm_up.get(event, 0)
        for event in ("graph break", "fallback to eager")
    )
    findings = []
    if broken:
        times = "once" if broken == 1 else f"{broken} times"
        where = "%%graphmode shows at which lines and why"
        message = f"Part of the cell ran as plain Python: its graph broke {times}; {where}."
        findings.append(Finding("graph-break", "hint", message))
    if fallen_back:
        message = "The compiler gave up on the cell, or on a function it calls, and ran it eagerly."
        findings.append(Finding("eager-fallback", "warning", message))
    return tuple(findings)
