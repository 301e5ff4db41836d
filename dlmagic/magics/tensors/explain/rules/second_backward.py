"""``backward`` through operations whose saved values are gone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.bindings import inside
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operands_of
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.sources import code_of, function_around

PATTERNS = (re.compile(r"Trying to backward through the graph a second time"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """What is carried from step to step, or which ``backward`` came first."""
    site = failure.site
    found = operands_of(site)
    if site is None or not found:
        return None
    scope = _scope(site)
    carried = list(_carried(scope, site))
    if carried:
        return _of_carried(site, *carried[0])
    return _of_earlier(failure, site, scope, found[0])


def _scope(site: Site) -> ast.AST:
    code = code_of(site.file, site.cell)
    return function_around(site) or (code.tree if code else ast.Module([], []))


def _carried(scope: ast.AST, site: Site) -> Iterator[tuple[ast.Assign, ast.Name]]:
    """Arguments of calls in a loop that the same line gives a new value, with its history."""
    loops = [each for each in inside(scope) if isinstance(each, ast.For | ast.While)]
    for node in (each for loop in loops for each in ast.walk(loop)):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        targets = {ast.unparse(each) for target in node.targets for each in ast.walk(target)}
        for given in node.value.args:
            if isinstance(given, ast.Name) and given.id in targets and _has_history(given, site):
                yield node, given


def _has_history(node: ast.Name, site: Site) -> bool:
    value = value_of(node, site)
    parts = value if isinstance(value, tuple | list) else (value,)
    return any(getattr(each, "grad_fn", None) is not None for each in parts)


def _of_carried(site: Site, statement: ast.Assign, given: ast.Name) -> Explained:
    value = value_of(given, site)
    several = isinstance(value, tuple | list)
    code = f"tuple(each.detach() for each in {given.id})" if several else f"{given.id}.detach()"
    code_there = code_of(site.file, site.cell)
    place = code_there.place(statement) if code_there else site
    line = line_with(place, {given: code})
    text = f"Cut {given.id} off from the steps before: {code}."
    return Explained(
        kind="second-backward",
        message=(
            f"{given.id} still hangs on the graph of the step before, which backward() has freed "
            "already."
        ),
        operands=(Operand(given.id, value, given),),
        candidates=(Candidate(text, line, None, place),),
    )


def _of_earlier(failure: Failure, site: Site, scope: ast.AST, loss: Operand) -> Explained:
    before = [call for call in _backwards(scope) if _comes_before(call, site)]
    candidates: list[Candidate] = []
    if before:
        code = code_of(site.file, site.cell)
        place = code.place(before[-1]) if code else site
        text = ast.unparse(before[-1])
        more = f"{text[:-1]}{'' if text.endswith('()') else ', '}retain_graph=True)"
        line = line_with(place, {before[-1]: more})
        candidates = [Candidate(f"Keep the values the first time: {more}.", line, None, place)]
    origin = origin_of(loss.name, site, failure)
    where = f"{origin.place.cell}, line {origin.place.line}" if origin else ""
    if not candidates:
        again = f": run {where}, again" if origin else ""
        candidates = [Candidate(f"Compute {loss.name} again before each backward(){again}.")]
    return Explained(
        kind="second-backward",
        message=(
            "The first backward() has freed the values that this one needs: "
            f"{loss.name} was computed only once{f', in {where}' if origin else ''}."
        ),
        operands=(loss,),
        candidates=tuple(candidates),
    )


def _backwards(scope: ast.AST) -> Iterator[ast.Call]:
    for node in inside(scope):
        match node:
            case ast.Call(ast.Attribute(_, "backward")):
                yield node


def _comes_before(call: ast.Call, site: Site) -> bool:
    node = site.node
    column = node.col_offset if node is not None else 0
    return (call.lineno, call.col_offset) < (site.line, column)
