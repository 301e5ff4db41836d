"""Right kind and right line for every program, no alarm on a clean one, fixes that hold."""

from __future__ import annotations

import pytest

import dlmagic
from dlmagic.magics.graphmode.result import GraphReport
from tests.magics.graphmode.corpus import PROGRAMS, Program


def report_on(program: Program) -> GraphReport:
    namespace: dict[str, object] = {"__name__": "__main__"}
    exec(program.setup, namespace)
    return dlmagic.graphmode(program.text, namespace=namespace, mode=program.mode)


def name_of(program: Program) -> str:
    return f"{program.mode}: {program.text}"


@pytest.mark.parametrize("program", PROGRAMS, ids=name_of)
def test_what_is_found_and_where(program: Program) -> None:
    report = report_on(program)
    found = {(finding.kind, finding.line) for finding in report.findings}
    assert found == program.found
    if not program.found:
        assert report.check.agrees is True
        assert report.check.gradients_agree is not False
        assert report.runs <= 6
    fixed = [each for each in report.findings if each.fix and each.fix.status == "verified"]
    assert bool(fixed) == program.fixable, [each.fix for each in report.findings]
