"""Every mistake is found at its line, and neither its twin nor any clean cell gives an alarm."""

from __future__ import annotations

from collections import Counter

import pytest

from dlmagic.finding import Finding
from dlmagic.magics.tensors.silent.catalogue import fresh_rules
from tests.magics.tensors.silent.programs import Clean, Program, clean_cells, kinds, programs
from tests.magics.tensors.silent.watching import found_in

pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning", "ignore::RuntimeWarning", "ignore:In loss:SyntaxWarning"
)


def _title(program: Program | Clean) -> str:
    return " ".join(filter(None, (program.kind, program.framework))) + f": {program.title}"


def _found_in(program: Program | Clean, text: str) -> tuple[Finding, ...]:
    """What is found, where the framework that a file needs is installed."""
    if program.framework:
        pytest.importorskip(program.framework)
    return found_in(text, program.setup)


@pytest.mark.parametrize("program", programs(), ids=_title)
def test_the_mistake_is_found(program: Program) -> None:
    found = _found_in(program, program.text)
    assert [(each.kind, each.line) for each in found] == [(program.kind, program.line)]


@pytest.mark.parametrize("program", programs(), ids=_title)
def test_its_twin_gives_no_alarm(program: Program) -> None:
    assert _found_in(program, program.twin) == ()


@pytest.mark.parametrize("cell", clean_cells(), ids=_title)
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
