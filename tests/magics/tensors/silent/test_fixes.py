"""A line that is written as its fix says raises no alarm any more."""

from __future__ import annotations

import ast

import pytest

from dlmagic.finding import Finding
from dlmagic.magics.tensors.silent.rewriting import statements_at
from tests.magics.tensors.silent.programs import Program, programs
from tests.magics.tensors.silent.watching import found_in

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
KINDS = ("first-nan", "labels-outside", "graph-cut", "result-thrown-away")


def mended(program: Program, finding: Finding) -> str | None:
    """The cell with the fix in place of its line; None where the fix is not one line."""
    statement = max(
        statements_at(ast.parse(program.text), program.line), key=lambda s: s.col_offset
    )
    if finding.fix is None or finding.fix.code is None or statement.end_lineno != program.line:
        return None
    lines = program.text.split("\n")
    lines[program.line - 1] = " " * statement.col_offset + finding.fix.code
    return "\n".join(lines)


@pytest.mark.parametrize("kind", KINDS)
def test_fixes_of_one_line_mend_the_cell(kind: str) -> None:
    tried = 0
    for program in (each for each in programs() if each.kind == kind):
        (finding,) = found_in(program.text, program.setup)
        text = mended(program, finding)
        if text is not None:
            tried += 1
            assert found_in(text, program.setup) == (), (program.title, text)
    assert tried >= 4
