"""How many of the fixes hold, and that those which are said to hold change no answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlmagic.finding import Finding
from tests.magics.graphmode.corpus import PROGRAMS, Program
from tests.magics.graphmode.corpus.applying import applied
from tests.magics.graphmode.corpus.reports import namespace_after, report_on, verified
from tests.magics.graphmode.test_corpus import name_of

SHARE = 0.7
"""Of the findings for which the catalogue has anything to say."""


def test_most_fixes_hold() -> None:
    fixes = [each.fix for program in PROGRAMS for each in report_on(program).findings if each.fix]
    held = sum(fix.status == "verified" for fix in fixes)
    assert held / len(fixes) >= SHARE, f"{held} of {len(fixes)}"


def test_each_compiler_has_fixes_that_hold_and_clean_programs() -> None:
    for mode in {program.mode for program in PROGRAMS} - {"njit"}:
        of_mode = [program for program in PROGRAMS if program.mode == mode]
        assert sum(program.fixable for program in of_mode) >= 5, mode
        assert sum(not program.found for program in of_mode) >= 5, mode


@pytest.mark.parametrize("program", [p for p in PROGRAMS if p.fixable], ids=name_of)
def test_a_fix_that_holds_changes_no_answer(program: Program) -> None:
    for finding in verified(report_on(program)):
        plain, mended = answers(program), answers_with_fix(program, finding)
        assert plain.keys() <= mended.keys(), finding
        for name, value in plain.items():
            assert same(value, mended[name]), f"{name}: {finding}"


def answers(program: Program) -> dict[str, Any]:
    names = namespace_after(program.setup)
    exec(program.text, names)
    return names


def answers_with_fix(program: Program, finding: Finding) -> dict[str, Any]:
    mended = applied(program, finding)
    names = namespace_after(mended.setup)
    for cell in (mended.above, mended.text, mended.below):
        exec(cell, names)
    return names


def same(value: Any, other: Any) -> bool:
    """Whether two values are equal but for rounding; things without a value always are."""
    if isinstance(value, list):
        return len(value) == len(other) and all(map(same, value, other))
    if hasattr(value, "count") and hasattr(value, "__dict__"):
        return same(value.count, other.count)
    if hasattr(value, "requires_grad") and value.is_leaf and value.grad is not None:
        return same(value.detach(), other.detach()) and same(value.grad, other.grad)
    numbers = [_numbers(each) for each in (value, other)]
    if None in [each if each is None else 0 for each in numbers]:
        return True
    return bool(np.allclose(*numbers, equal_nan=True))


def _numbers(value: Any) -> Any:
    """An array of numbers, or None for what has none."""
    value = value.detach() if hasattr(value, "detach") else value
    if not isinstance(value, int | float) and not hasattr(value, "dtype"):
        return None
    return np.asarray(value, dtype=np.float64)
