"""Running a cell that fails, and what is said of it: the way of every test of the catalogue."""

from __future__ import annotations

import linecache
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from dlmagic.finding import Finding
from dlmagic.magics.tensors.explain.engine import explain
from dlmagic.magics.tensors.explain.result import Explanation

SETUP_CELL = "Cell In[0]"
CELL = "Cell In[1]"
_SETUP_FILE = "<setup of a test>"
_FILE = "<cell of a test>"
_CELLS = {_SETUP_FILE: SETUP_CELL, _FILE: CELL}


def name_of_cell(file: str) -> str | None:
    """What the cells of a test are called."""
    return _CELLS.get(file)


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
        cell: Where the line to edit is.
        runs: Whether the cells run without an error once the fix is written down.
    """

    setup: str
    text: str
    kind: str | None
    line: int = 1
    operand: str = ""
    fix: str | None = None
    status: str | None = None
    cell: str = CELL
    runs: bool = True


def explained(case: Case, text: str | None = None) -> Explanation | None:
    """What is said of the error that the cell raises.

    Args:
        case: The cell.
        text: What the error says in another version of its library.
    """
    error, _ = raised(case)
    if text is not None:
        error = ValueError(text).with_traceback(error.__traceback__)
    return explain(error, name_of_cell)


def raised(case: Case) -> tuple[Exception, dict[str, object]]:
    """The error that the cell raises, and the names of the notebook after it."""
    error, namespace = raised_by(case)
    assert error is not None, f"nothing was raised by {case.text}"
    if isinstance(error, ModuleNotFoundError) and error.name in ("tensorflow", "keras"):
        pytest.skip(f"{error.name} is not installed")
    return error, namespace


def raised_by(case: Case) -> tuple[Exception | None, dict[str, object]]:
    """The same of a cell that need not raise."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    try:
        run_cells(case, namespace)
    except Exception as error:
        return error, namespace
    return None, namespace


def run_cells(case: Case, namespace: dict[str, object] | None = None) -> None:
    """Run the setup and the cell, whose error comes through."""
    names = {"__name__": "__main__"} if namespace is None else namespace
    _run(_SETUP_FILE, case.setup, names)
    _run(_FILE, case.text, names)


def written(case: Case) -> None:
    """Let the lines of the case be those that are looked up, as when it ran."""
    _write(_SETUP_FILE, case.setup)
    _write(_FILE, case.text)


def _write(file: str, text: str) -> None:
    linecache.cache.pop(file, None)
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)


def _run(file: str, text: str, namespace: dict[str, object]) -> None:
    _write(file, text)
    exec(compile(text, file, "exec"), namespace)


def run_mended(case: Case, found: Explanation) -> None:
    """Run both cells with the first fix written down; it raises what the mended cells raise."""
    _run_edited(case, found.findings[:1])


def run_with_all_edits(case: Case, found: Explanation) -> None:
    """Run both cells with all edits written down, one after the other."""
    _run_edited(case, found.findings)


def _run_edited(case: Case, findings: Sequence[Finding]) -> None:
    texts = {SETUP_CELL: case.setup.splitlines(), CELL: case.text.splitlines()}
    for finding in findings:
        assert finding.fix is not None
        assert finding.fix.code is not None
        lines, number = texts[str(finding.cell)], finding.line or 1
        old = lines[number - 1]
        indented = old[: len(old) - len(old.lstrip())]
        new = [indented + line for line in finding.fix.code.splitlines()]
        lines[number - 1 : number] = new
    namespace: dict[str, object] = {"__name__": "__main__"}
    _run(_SETUP_FILE, "\n".join(texts[SETUP_CELL]), namespace)
    _run(_FILE, "\n".join(texts[CELL]), namespace)


def check(case: Case) -> None:
    """Assert that what must be said is said."""
    found = explained(case)
    if case.kind is None:
        assert found is None
        return
    assert found is not None
    assert found.finding is not None
    assert (found.finding.kind, found.finding.line) == (case.kind, case.line)
    assert found.finding.cell == case.cell
    assert case.operand in found.finding.message
    if case.fix is not None:
        assert found.finding.fix is not None
        assert found.finding.fix.code == case.fix
    if case.status is not None:
        assert found.finding.fix is not None
        assert found.finding.fix.status == case.status
    fix = found.finding.fix
    if case.runs and fix is not None and fix.code is not None:
        run_mended(case, found)
