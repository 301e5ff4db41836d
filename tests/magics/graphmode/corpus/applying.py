"""A fix applied as a reader of the report would, by its text and its code alone."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace

from dlmagic.finding import Finding
from tests.magics.graphmode.corpus.program import Program

_IN_EARLIER_CELL = re.compile(r"in an earlier cell(?:: |, )(?P<code>[^,]+?)(?:, and only .*)?$")


@dataclass(frozen=True)
class Mended:
    """A program with a fix.

    Attributes:
        setup: The cells before it.
        text: The cell.
        above: A new cell in front of it.
        below: A new cell behind it.
    """

    setup: str
    text: str
    above: str = ""
    below: str = ""


def applied(program: Program, finding: Finding) -> Mended:
    """The program with the fix of one of its findings."""
    fix = finding.fix
    assert fix is not None
    assert finding.line is not None
    mended = Mended(program.setup, program.text)
    if fix.text.startswith("Move it to a cell"):
        rest = _without(program.text, finding.line, fix.code or "")
        side = "above" if "above" in fix.text else "below"
        return replace(mended, text=rest, **{side: fix.code or ""})
    if fix.text.startswith(("Move it below",)):
        line = program.text.split("\n")[finding.line - 1]
        rest = _without(program.text, finding.line, line)
        return replace(mended, text=f"{rest}\n{line}")
    if fix.text.endswith("in an earlier cell.") or fix.text.startswith("Say in front"):
        return replace(mended, above=fix.code or "")
    earlier = _IN_EARLIER_CELL.search(fix.text)
    if earlier:
        mended = replace(mended, above=earlier["code"])
    if finding.cell is not None:
        setup = _with_code(program.setup, finding.line, fix.code or "")
        return replace(mended, setup=setup)
    return replace(mended, text=_with_code(program.text, finding.line, fix.code or ""))


def _without(text: str, line: int, code: str) -> str:
    """A text without the statements that stand in some code, around a line."""
    gone = {ast.unparse(each) for each in ast.parse(code).body}
    kept = [
        each
        for each in ast.parse(text).body
        if ast.unparse(each) not in gone or (each.end_lineno or 0) < line - len(gone)
    ]
    return "\n".join(map(ast.unparse, kept))


def _with_code(text: str, line: int, code: str) -> str:
    """A text with other code in place of the statement at a line, or of the head of a loop."""
    lines = text.split("\n")
    if code.startswith("for ") and not lines[line - 1].strip().startswith("for "):
        line = max(k for k in range(1, line) if lines[k - 1].strip().startswith("for "))
    around = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.stmt) and node.lineno == line
    ]
    end = line if code.startswith("for ") else max(each.end_lineno or line for each in around)
    head = lines[line - 1]
    indent = head[: len(head) - len(head.lstrip())]
    if "return" in code and lines[end : end + 1] and "return" in lines[end]:
        end += 1  # the return behind a branch is its other side
    new = [indent + each for each in code.split("\n")]
    return "\n".join([*lines[: line - 1], *new, *lines[end:]])
