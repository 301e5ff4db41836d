"""Right kind and right line for every program, no alarm on a clean one, fixes that hold."""

from __future__ import annotations

import pytest

from dlmagic.magics.graphmode.calls import read_calls
from tests.magics.graphmode.corpus import IN_TESTS, PROGRAMS, Program
from tests.magics.graphmode.corpus.reports import report_on, verified


def name_of(program: Program) -> str:
    return f"{program.mode}: {program.text}{' calls ' + program.calls if program.calls else ''}"


def further_values(program: Program) -> int:
    """Values that the cell is run with besides its own: the user's, and those that prove."""
    named = len(read_calls(program.calls).texts) if program.calls else 0
    return named + ("not_used" in program.text)  # its function reads a number from outside


def proven() -> list[object]:
    chosen = {id(program) for program in IN_TESTS}
    return [
        pytest.param(each, id=name_of(each), marks=[] if id(each) in chosen else pytest.mark.prove)
        for each in PROGRAMS
    ]


@pytest.mark.parametrize("program", proven())
def test_what_is_found_and_where(program: Program) -> None:
    report = report_on(program)
    found = {(finding.kind, finding.cell, finding.line) for finding in report.findings}
    assert found == program.found
    if not program.found:
        assert report.check.agrees is True
        assert report.check.gradients_agree is not False
        assert report.runs <= 6 + 2 * further_values(program)
    assert bool(verified(report)) == program.fixable, [each.fix for each in report.findings]
