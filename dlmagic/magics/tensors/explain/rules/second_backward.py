"""``backward`` through operations whose saved values are gone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.bindings import bindings, inside
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keeping import line_of, of_kept, second_backward
from dlmagic.magics.tensors.explain.rounds import Round, round_of
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operands_of
from dlmagic.magics.tensors.explain.shared_parts import of_shared
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.sources import code_of, function_around

PATTERNS = (re.compile(r"Trying to backward through the graph a second time"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """What is kept from step to step, or which ``backward`` came first."""
    site = failure.site
    found = operands_of(site)
    if site is None or not found or found[0].node is None:
        return None
    scope, loss = _scope(site), found[0]
    carried = list(_carried(scope, site))
    if carried:
        return _of_carried(site, scope, *carried[0])
    running = round_of(site, scope)
    kept = of_kept(failure, running, loss) if running.computes(loss.node) else None
    return kept or _of_earlier(failure, running, scope, loss)


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


def _of_carried(site: Site, scope: ast.AST, statement: ast.Assign, given: ast.Name) -> Explained:
    value = value_of(given, site)
    several = isinstance(value, tuple | list)
    code = f"tuple(each.detach() for each in {given.id})" if several else f"{given.id}.detach()"
    if _begins_with_none(scope, given.id):
        code = f"None if {given.id} is None else {code}"
    code_there = code_of(site.file, site.cell)
    place = code_there.place(statement) if code_there else site
    line = line_with(place, {given: code})
    text = f"Cut {given.id} off from the steps before: {code}."
    return second_backward(
        f"{given.id} still hangs on the graph of the step before, which backward() has freed "
        "already.",
        Operand(given.id, value, given),
        Candidate(text, line, None, place),
    )


def _begins_with_none(scope: ast.AST, name: str) -> bool:
    """Whether a name is None at first, as the state of a recurrent layer may be."""
    return any(
        each.name == name and isinstance(each.value, ast.Constant) and each.value.value is None
        for each in bindings(scope)
    )


def _of_earlier(failure: Failure, running: Round, scope: ast.AST, loss: Operand) -> Explained:
    """Which ``backward`` came first, as far as it is seen here."""
    site = running.site
    before = [call for call in _backwards(scope) if _comes_before(call, site)]
    if before:
        shared = of_shared(running, scope, loss, before[-1])
        return shared or _of_call(failure, running, loss, before[-1])
    where = line_of(loss, site, failure)
    if running.computes(loss.node):
        return second_backward(
            "An earlier backward() has freed the values that this one needs: "
            f"{loss.name}, or something that it depends on, was computed before that.",
            loss,
            Candidate(f"Compute all that {loss.name} depends on again before each backward()."),
        )
    again = f": run {where}, again" if where else ""
    return second_backward(
        _once(loss, where),
        loss,
        Candidate(f"Compute {loss.name} again before each backward(){again}."),
    )


def _of_call(failure: Failure, running: Round, loss: Operand, before: ast.Call) -> Explained:
    site, text = running.site, ast.unparse(before)
    code = code_of(site.file, site.cell)
    place = code.place(before) if code else site
    more = f"{text[:-1]}{'' if text.endswith('()') else ', '}retain_graph=True)"
    same = text.startswith(f"{loss.name}.")
    return second_backward(
        _once(loss, line_of(loss, site, failure))
        if same
        else f"{text} in line {before.lineno} has freed values that {loss.name} needs, too.",
        loss,
        Candidate(
            f"Keep the values the first time: {more}.",
            line_with(place, {before: more}),
            None,
            place,
        ),
    )


def _once(loss: Operand, where: str) -> str:
    return (
        "The first backward() has freed the values that this one needs: "
        f"{loss.name} was computed only once{f', in {where}' if where else ''}."
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
