"""Every mistake is found at its line, and neither its twin nor any clean cell gives an alarm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache

import pytest

from dlmagic.finding import Finding
from dlmagic.fixing.edit import Edit
from dlmagic.magics.tensors.silent.catalogue import fresh_rules
from tests.magics.tensors.silent.programs import Clean, Program, clean_cells, kinds, programs
from tests.magics.tensors.silent.watching import found_in

pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning", "ignore::RuntimeWarning", "ignore:In loss:SyntaxWarning"
)

WITH_CODE = {
    "stretched-target": 1.0,
    "softmax-before-loss": 0.75,
    "softmax-of-one": 0.6,
    "logits-without-softmax": 1.0,
}
"""Which part of a kind's mistakes is put right by a single line that takes the place of another."""


WITH_A_LINE_MORE = frozenset(
    {"gradients-not-cleared", "optimizer-of-old-model", "step-missing", "training-in-eval"}
)
"""Kinds whose fix gives a line to be added, where its text says."""


Cell = Program | Clean


def _title(program: Cell) -> str:
    return " ".join(filter(None, (program.kind, program.framework))) + f": {program.title}"


def _found_in(program: Cell, text: str) -> tuple[Finding, ...]:
    """What is found, where the framework that a file needs is installed."""
    if not program.framework:
        return found_in(text, program.setup)
    framework = pytest.importorskip(program.framework)
    if program.framework != "jax":
        return found_in(text, program.setup)
    # Numbers are looked at in main memory alone: asking a GPU would wait for it.
    with framework.default_device(framework.devices("cpu")[0]):
        return found_in(text, program.setup)


@cache
def _found(program: Program) -> tuple[Finding, ...]:
    return _found_in(program, program.text)


def _some(cells: Sequence[Cell], of: int) -> list[object]:
    """Of so many cells of a file one is part of every test run; all of them of ``make prove``."""
    numbers: Counter[tuple[str, str]] = Counter()
    marked = []
    for each in cells:
        file = (each.kind, each.framework)
        marks = [pytest.mark.prove] if numbers[file] % of else []
        marked.append(pytest.param(each, id=_title(each), marks=marks))
        numbers[file] += 1
    return marked


@pytest.mark.parametrize("program", programs(), ids=_title)
def test_the_mistake_is_found_and_the_line_that_its_fix_gives_puts_it_right(
    program: Program,
) -> None:
    assert [(each.kind, each.line) for each in _found(program)] == [(program.kind, program.line)]
    for finding in _found(program):
        added = finding.kind in WITH_A_LINE_MORE
        if finding.fix is not None and finding.fix.code is not None and not added:
            line = finding.line or 0
            mended = Edit(line, line, finding.fix.code).apply(program.text)
            assert mended != program.text
            assert _found_in(program, mended) == ()


@pytest.mark.parametrize("kind", sorted(WITH_CODE))
def test_most_fixes_are_a_line(kind: str) -> None:
    fixes = [
        each.fix for p in programs() if p.kind == kind and not p.framework for each in _found(p)
    ]
    with_code = sum(fix is not None and fix.code is not None for fix in fixes)
    assert with_code >= WITH_CODE[kind] * len(fixes)


@pytest.mark.parametrize("program", _some(programs(), of=3))
def test_its_twin_gives_no_alarm(program: Program) -> None:
    assert _found_in(program, program.twin) == ()


@pytest.mark.parametrize("cell", _some(clean_cells(), of=2))
def test_a_clean_cell_gives_no_alarm(cell: Clean) -> None:
    assert _found_in(cell, cell.text) == ()


def test_every_rule_has_mistakes_and_twenty_cells_that_are_none() -> None:
    assert set(kinds()) == {rule.kind for rule in fresh_rules()}
    mistakes = Counter(each.kind for each in programs())
    none = Counter(each.kind for each in (*programs(), *clean_cells()))
    assert {kind: count for kind in kinds() if (count := none[kind]) < 20} == {}
    assert min(mistakes.values()) >= 3


def test_there_are_two_hundred_mistakes() -> None:
    assert len(programs()) >= 200


def test_titles_tell_the_cells_of_a_file_apart() -> None:
    titles = Counter(_title(each) for each in (*programs(), *clean_cells()))
    assert [title for title, count in titles.items() if count > 1] == []
