"""An optimiser that is given what was computed from a weight."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, operand
from dlmagic.magics.tensors.explain.sites import LibraryFrame, Site

PATTERNS = (re.compile(r"can't optimize a non-leaf Tensor"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which of them was computed, and how to begin a weight with its values."""
    site, call = failure.site, called(failure.site)
    given = call.argument(0, "params") if call is not None else None
    if site is None or given is None or not isinstance(given.node, ast.List | ast.Tuple):
        return None
    step = failure.inside("add_param_group", "optim.optimizer")
    node = _written(step, given.node.elts) if step is not None else None
    if node is None:
        return None
    found = operand(node, site)
    return Explained(
        kind="computed-weight",
        message=(
            f"An optimiser changes weights that were made as such; {found.name} is computed "
            "from another tensor, to which its gradients go."
        ),
        operands=(found,),
        candidates=(_candidate(found.name, node, site, failure),),
    )


def _written(step: LibraryFrame, items: list[ast.expr]) -> ast.expr | None:
    """What the user wrote for the tensor that PyTorch refuses."""
    refused, group = step.local("param"), step.local("param_group")
    held = group.get("params") if isinstance(group, dict) else None
    if refused is None or not isinstance(held, list) or len(held) != len(items):
        return None
    if any(isinstance(each, ast.Starred | ast.Dict) for each in items):
        return None
    return next((items[k] for k, each in enumerate(held) if each is refused), None)


def _candidate(name: str, node: ast.expr, site: Site, failure: Failure) -> Candidate:
    origin = origin_of(name, site, failure) if isinstance(node, ast.Name) else None
    if origin is None:
        code = f"{in_brackets(node, name)}.detach().requires_grad_()"
        return Candidate(
            f"Make the weight first, and compute with it from then on: weight = {code}."
        )
    value = origin.value
    code = f"{in_brackets(value, ast.unparse(value))}.detach().requires_grad_()"
    return Candidate(
        f"Let a weight begin with these values: {code}.",
        line_with(origin.place, {value: code}),
        None,
        origin.place,
    )
