"""Findings about one line that are mended by one change, told once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dlmagic.display.units import plural
from dlmagic.finding import Finding

_MOST_REASONS = 2
"""Of one kind, such as those for which a cell was compiled again; the report holds them all."""


def together(findings: Sequence[Finding]) -> list[Finding]:
    """The findings in their order, those of the same line and advice as one."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for number, each in enumerate(findings):
        known = each.fix is not None and each.line is not None
        key = (each.level, each.cell, each.line, each.fix) if known else (number,)
        groups.setdefault(key, []).append(each)
    return [_as_one(group) for group in groups.values()]


def _as_one(group: Sequence[Finding]) -> Finding:
    first, *others = group
    if not others:
        return first
    reasons: dict[str, list[str]] = {}
    for each in group:
        lead, _, reason = each.message.rstrip(".").partition(": ")
        reasons.setdefault(lead, []).append(reason)
    return replace(first, message=" ".join(_sentence(*pair) for pair in reasons.items()))


def _sentence(lead: str, reasons: Sequence[str]) -> str:
    """``"Compiled again: n is 2 now, and was 1; and for 3 more reasons."``."""
    told = [each for each in dict.fromkeys(reasons) if each]
    left = len(told) - _MOST_REASONS
    more = [f"and for {plural(left, 'more reason')}"] if left > 0 else []
    said = "; ".join([*told[:_MOST_REASONS], *more])
    return f"{lead}: {said}." if said else f"{lead}."
