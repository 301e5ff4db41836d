"""A value that ``backward`` needs and that was changed in place after it was used."""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Iterator
from dataclasses import dataclass

from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Place, Site
from dlmagic.magics.tensors.explain.sources import codes, function_around
from dlmagic.magics.tensors.explain.statements import changes_in_place, out_of_place
from dlmagic.magics.tensors.explain.values import MISSING

_Function = ast.FunctionDef | ast.AsyncFunctionDef
PATTERNS = (
    re.compile(
        r"modified by an inplace operation: \[[\w.]+ \[(?P<shape>[\d, ]*)\]\]"
        r"(, which is output \d+ of (?P<step>\w+))?"
    ),
)


@dataclass(frozen=True)
class _Change:
    """A statement that changes something in place.

    Attributes:
        place: Its line.
        statement: The statement.
        owner: What it changes.
        function: The function that it stands in, or None.
    """

    place: Place
    statement: ast.stmt
    owner: ast.expr
    function: _Function | None


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """The only statement that can have changed it, as far as shapes tell."""
    site = failure.site
    if site is None:
        return None
    shape = tuple(int(axis) for axis in match["shape"].split(",") if axis.strip())
    running = function_around(site)
    changes = list(_changes(failure))
    here = [each for each in changes if _is_in(each, running)]
    found = [each for each in here if _changed(each, site).shape == shape] or [
        each for each in changes if each not in here and _is_called(each, site)
    ]
    if len(found) != 1:
        return None
    value = _changed(found[0], site) if found[0] in here else Operand("", MISSING)
    return _explained(found[0], Operand(ast.unparse(found[0].owner), value.value), match)


def _changes(failure: Failure) -> Iterator[_Change]:
    for code in codes(failure.name_of_cell, ""):
        functions = [each for each in ast.walk(code.tree) if isinstance(each, _Function)]
        for function in [None, *functions]:
            for statement, owner in changes_in_place(function or code.tree):
                yield _Change(code.place(statement), statement, owner, function)


def _is_in(change: _Change, running: _Function | None) -> bool:
    """Whether a change stands in the function that was running, whose values can be seen."""
    if change.function is None or running is None:
        return change.function is running
    return (change.function.name, change.function.lineno) == (running.name, running.lineno)


def _changed(change: _Change, site: Site) -> Operand:
    return Operand("", value_of(change.owner, site))


def _is_called(change: _Change, site: Site) -> bool:
    """Whether the cell names the function of a change, or a model calls it."""
    name = change.function.name if change.function is not None else ""
    return name in ("forward", "__call__") or f"{name}(" in "".join(linecache.getlines(site.file))


def _explained(change: _Change, changed: Operand, match: re.Match[str]) -> Explained:
    new = out_of_place(change.statement)
    copy = f"{changed.name} = {changed.name}.clone()"
    line = line_with(change.place, {change.statement: new}) if new else None
    if new is None and isinstance(change.owner, ast.Name):
        line = f"{copy}\n{change.place.source}"
    step = re.sub(r"Backward\d*$", "", match["step"] or "")
    needs = f"backward() through {step.lower()} needs" if step else "backward() needs"
    text = "Make a new tensor instead of a change in place."
    text = text if new else f"Change a copy: {copy} before it."
    return Explained(
        kind="needed-in-place",
        message=f"{needs} {changed.name} as it was; line {change.place.line} changes it in place.",
        operands=(changed,),
        candidates=(Candidate(text, line, None, change.place),),
    )
