"""Running a cell that fails, and what is said of it: the way of every test of the catalogue."""

from __future__ import annotations

import linecache
from dataclasses import dataclass, replace

from dlmagic.magics.tensors.explain.engine import explain
from dlmagic.magics.tensors.explain.result import Explanation

CELL = "Cell In[1]"
_FILE = "<cell of a test>"


@dataclass(frozen=True)
class Case:
    """A cell that raises, and what must be said of it.

    Attributes:
        setup: Code that runs before, in another cell.
        text: The cell.
        kind: The finding's kind; None where nothing may be said.
        line: The line to edit.
        operand: The name of the offending operand, as the message must contain it.
        fix: The code of the first fix; None where no line can be given, or any will do.
        status: Its status.
    """

    setup: str
    text: str
    kind: str | None
    line: int = 1
    operand: str = ""
    fix: str | None = None
    status: str | None = None


def explained(case: Case, text: str | None = None) -> Explanation | None:
    """What is said of the error that the cell raises.

    Args:
        case: The cell.
        text: What the error says in another version of its library.
    """
    error = raised(case)
    assert error is not None, f"nothing was raised by {case.text}"
    if text is not None:
        error = ValueError(text).with_traceback(error.__traceback__)
    return explain(error, lambda file: CELL if file == _FILE else None)


def raised(case: Case) -> Exception | None:
    """The error that the cell raises, or None."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    exec(case.setup, namespace)
    lines = case.text.splitlines(keepends=True)
    linecache.cache[_FILE] = (len(case.text), None, lines, _FILE)
    try:
        exec(compile(case.text, _FILE, "exec"), namespace)
    except Exception as error:
        return error
    return None


def repaired(case: Case, found: Explanation) -> bool:
    """Whether the cell runs once its line is what the first fix says."""
    assert found.finding is not None
    fix, line = found.finding.fix, found.finding.line
    if fix is None or fix.code is None or line is None:
        return False
    lines = case.text.splitlines()
    indent = lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())]
    lines[line - 1] = indent + fix.code
    return raised(replace(case, text="\n".join(lines))) is None


def check(case: Case) -> None:
    """Assert that what must be said is said."""
    found = explained(case)
    if case.kind is None:
        assert found is None
        return
    assert found is not None
    assert found.finding is not None
    assert (found.finding.kind, found.finding.line) == (case.kind, case.line)
    assert case.operand in found.finding.message
    if case.fix is not None:
        assert found.finding.fix is not None
        assert found.finding.fix.code == case.fix
    if case.status is not None:
        assert found.finding.fix is not None
        assert found.finding.fix.status == case.status
