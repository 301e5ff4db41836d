"""How many of the fixes hold, and that those which are said to hold change no answer."""

from __future__ import annotations

import random
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from dlmagic.finding import Finding
from tests.magics.graphmode.corpus import IN_TESTS, PROGRAMS, Program
from tests.magics.graphmode.corpus.applying import applied
from tests.magics.graphmode.corpus.reports import namespace_after, report_on, verified
from tests.magics.graphmode.test_corpus import name_of

SHARE = 0.7
"""Of the findings for which the catalogue has anything to say."""


@pytest.mark.parametrize(
    "programs", [IN_TESTS, pytest.param(PROGRAMS, marks=pytest.mark.prove)], ids=len
)
def test_most_fixes_hold(programs: list[Program]) -> None:
    fixes = [each.fix for program in programs for each in report_on(program).findings if each.fix]
    held = sum(fix.status == "verified" for fix in fixes)
    assert held / len(fixes) >= SHARE, f"{held} of {len(fixes)}"


def test_each_compiler_has_fixes_that_hold_and_clean_programs() -> None:
    for mode in {program.mode for program in PROGRAMS} - {"njit"}:
        of_mode = [program for program in PROGRAMS if program.mode == mode]
        assert sum(program.fixable for program in of_mode) >= 5, mode
        assert sum(not program.found for program in of_mode) >= 5, mode


def fixable() -> Iterator[object]:
    """Those whose reports other tests have made anyhow, every second; the others to prove."""
    quick = {id(each) for each in [each for each in IN_TESTS if each.fixable][::2]}
    for program in filter(lambda each: each.fixable, PROGRAMS):
        marks = [] if id(program) in quick else [pytest.mark.prove]
        yield pytest.param(program, id=name_of(program), marks=marks)


@pytest.mark.parametrize("program", list(fixable()))
def test_a_fix_that_holds_changes_no_answer(program: Program) -> None:
    for finding in verified(report_on(program)):
        plain, mended = answers(program), answers_with_fix(program, finding)
        assert plain.keys() <= mended.keys(), finding
        for name, value in plain.items():
            numbers, others = list(numbers_in(value)), list(numbers_in(mended[name]))
            assert len(numbers) == len(others), f"{name}: {finding}"
            for one, other in zip(numbers, others, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-5, err_msg=f"{name}: {finding}")


def answers(program: Program) -> dict[str, Any]:
    names = namespace_after(program.setup)
    random.seed(0)
    exec(program.text, names)
    return names


def answers_with_fix(program: Program, finding: Finding) -> dict[str, Any]:
    mended = applied(program, finding)
    names = namespace_after(mended.setup)
    random.seed(0)
    for cell in (mended.above, mended.text, mended.below):
        exec(cell, names)
    return names


def numbers_in(value: Any) -> Iterator[Any]:
    """The numbers in a value, and those of gradients, of parameters and of the corpus's counter."""
    if isinstance(value, ModuleType | type | FunctionType | str):
        return
    if isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from numbers_in(each)
    elif isinstance(value, torch.nn.Module):
        yield from numbers_in(list(value.parameters()))
    elif isinstance(value, torch.Tensor):
        yield value.detach().numpy().astype(float)
        if value.is_leaf and value.grad is not None:
            yield value.grad.numpy()
    elif isinstance(value, int | float) or hasattr(value, "dtype"):
        yield np.asarray(value, dtype=float)
    elif type(value).__name__ == "Counter":
        yield from numbers_in(value.count)
