"""The two results of an optimizer of optax, or the state that it needs, which were overlooked."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from typing import Any

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.bindings import bindings
from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.sources import codes, function_around

PATTERNS = (
    re.compile(r"update\w*\(\) missing 1 required positional argument: 'state'"),
    re.compile(r"pytree structure error|Custom node type mismatch|Expected \w+, got"),
    re.compile(r"unsupported operand type\(s\) for \+: '.*' and 'tuple'"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which of the two is missing, or taken for the updates alone."""
    site, call = failure.site, called(failure.site)
    if site is None or call is None:
        return None
    if match.re is PATTERNS[0]:
        return _without_state(failure, site, call)
    return _with_state(failure, site, call)


def _without_state(failure: Failure, site: Site, call: Called) -> Explained | None:
    """``optimizer.update(gradients)``."""
    if call.owner is None or call.name != "update" or not _is_optimizer(call.owner.value):
        return None
    name = call.owner.name
    state = _known_state(failure, site, name)
    code = call.with_argument(state or "state")
    if len(call.arguments) != 1 or call.keywords:
        code = f"{name}.update(gradients, {state or 'state'})"
        state = None  # what else is given may stand in its place
    line = line_with(site, {call.node: code}) if state else None
    made = "" if state else f", with state = {name}.init(…) of the parameters before"
    return Explained(
        kind="optimizer-without-state",
        message=f"{name}.update takes the gradients and the state that {name}.init made, and it "
        "gets no state.",
        candidates=(Candidate(f"Write {code}{made}.", line),),
    )


def _is_optimizer(value: object) -> bool:
    optax: Any = sys.modules.get("optax")
    return optax is not None and isinstance(value, optax.GradientTransformation)


def _known_state(failure: Failure, site: Site, optimizer: str) -> str | None:
    """The name of the state there; that of a notebook is not the one of a function's step."""
    match site.statement:
        case ast.Assign([ast.Tuple([_, ast.Name(name)])]) if name in site.frame.f_locals:
            return name
    if function_around(site) is not None:
        return None
    states = set(_states(failure, site, optimizer))
    return states.pop() if len(states) == 1 else None


def _states(failure: Failure, site: Site, optimizer: str) -> Iterator[str]:
    """Names that exist there, and that were given what the optimizer's ``init`` returns."""
    for code in codes(failure.name_of_cell, f"{optimizer}.init"):
        for scope in ast.walk(code.tree):
            if not isinstance(scope, ast.Module | ast.FunctionDef):
                continue
            for each in bindings(scope):
                made = each.value.func if isinstance(each.value, ast.Call) else None
                is_state = made is not None and ast.unparse(made) == f"{optimizer}.init"
                if is_state and each.name in site.names:
                    yield each.name


def _with_state(failure: Failure, site: Site, call: Called) -> Explained | None:
    """``apply_updates(params, optimizer.update(gradients, state))``, which are two results."""
    optax: Any = sys.modules.get("optax")
    if optax is None or call.function is not optax.apply_updates:
        return None
    parameters, updates = call.argument(0, "params"), call.argument(1, "updates")
    if parameters is None or updates is None or not _is_pair_for(updates, parameters):
        return None
    return Explained(
        kind="updates-with-state",
        message=f"An optimizer's update returns two things, the updates and the new state, and "
        f"{updates.name} is both of them.",
        operands=(updates,),
        candidates=(_taken_apart(failure, site, updates),),
    )


def _is_pair_for(updates: Operand, parameters: Operand) -> bool:
    """Whether it is a pair, of which the first has the structure of the parameters."""
    pair = updates.value
    if type(pair) is not tuple or len(pair) != 2:
        return False
    structure = sys.modules["jax"].tree_util.tree_structure
    first, second, wanted = (told(lambda: structure(e)) for e in (*pair, parameters.value))  # noqa: B023
    return first is not None and first == wanted and second != wanted


def _taken_apart(failure: Failure, site: Site, updates: Operand) -> Candidate:
    """The line that called the optimizer, with a name for each of the two."""
    node = updates.node
    origin = origin_of(node.id, site, failure) if isinstance(node, ast.Name) else None
    match origin.statement if origin is not None else None:
        case ast.Assign([ast.Name(name) as target], ast.Call(ast.Attribute(_, "update")) as call):
            state = _state_of(call) or "state"
            code = f"{name}, {state}"
            line = line_with(origin.place, {target: code}) if origin is not None else None
            text = f"Take the two apart: {code} = {ast.unparse(call)}."
            return Candidate(text, line, None, origin.place if origin is not None else None)
    return Candidate("Take the two apart on a line before: updates, state = ….update(…).")


def _state_of(call: ast.Call) -> str | None:
    """The name of the state that the optimizer was given."""
    named = next((each.value for each in call.keywords if each.arg == "state"), None)
    node = named if named is not None else next(iter(call.args[1:2]), None)
    return node.id if isinstance(node, ast.Name) else None
