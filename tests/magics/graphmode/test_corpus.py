"""Right kind and right line for every program, no alarm on a clean one, fixes that hold."""

from __future__ import annotations

import pytest

from tests.magics.graphmode.corpus import PROGRAMS, Program
from tests.magics.graphmode.corpus.reports import report_on, verified


def name_of(program: Program) -> str:
    return f"{program.mode}: {program.text}{' calls ' + program.calls if program.calls else ''}"


@pytest.mark.parametrize("program", PROGRAMS, ids=name_of)
def test_what_is_found_and_where(program: Program) -> None:
    report = report_on(program)
    found = {(finding.kind, finding.cell, finding.line) for finding in report.findings}
    assert found == program.found
    if not program.found:
        assert report.check.agrees is True
        assert report.check.gradients_agree is not False
        assert report.runs <= 6
    assert bool(verified(report)) == program.fixable, [each.fix for each in report.findings]
