"""An array that runs backwards, of which no tensor is made, and a tensor that is to run so."""

from __future__ import annotations

import ast
import re
from typing import Any

from dlmagic.magics.tensors.explain.calls import called, module_name
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.pure import is_plain_tensor
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"At least one (of the )?strides? in the given numpy array is negative"),
    re.compile(r"step must be greater than zero"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """The copy of the array, or the function that turns a tensor."""
    if match.re is PATTERNS[1]:
        return _of_tensor(failure.site)
    call = called(failure.site)
    arguments = [*call.arguments, *call.keywords.values()] if call is not None else []
    array = next((each for each in arguments if _runs_backwards(each.value)), None)
    if array is None or array.node is None:
        return _of_sample(failure)
    code = f"{in_brackets(array.node, array.name)}.copy()"
    return Explained(
        kind="array-backwards",
        message=(
            f"{array.name} is a view that runs backwards through its array, as [::-1] gives, and a "
            "tensor cannot."
        ),
        operands=(array,),
        candidates=(rewritten(failure.site, f"Copy it: {code}.", {array.node: code}),),
    )


def _of_sample(failure: Failure) -> Explained | None:
    """An array that a data set hands out, of which a loader makes a batch."""
    step = failure.inside("fetch")
    data = getattr(step.local("self"), "dataset", None) if step is not None else None
    samples = step.local("data") if step is not None else None
    if data is None or not isinstance(samples, list) or not any(map(_holds_such, samples)):
        return None
    kind = type(data).__name__
    return Explained(
        kind="array-backwards",
        message=(
            f"The samples of {kind} hold a view that runs backwards through its array, as [::-1] "
            "and np.fliplr give, and a tensor cannot."
        ),
        candidates=(Candidate(f"Let {kind} return a copy of that array: array.copy()."),),
    )


def _holds_such(sample: Any) -> bool:
    held = sample.values() if type(sample) is dict else sample
    parts = [sample] if type(sample) not in (tuple, list, dict) else held
    return any(map(_runs_backwards, parts))


def _runs_backwards(value: Any) -> bool:
    return type(value).__name__ == "ndarray" and any(each < 0 for each in value.strides)


def _of_tensor(site: Site | None) -> Explained | None:
    match site.node if site is not None else None:
        case ast.Subscript(owner, index) as node:
            pass
        case _:
            return None
    tensor = Operand(ast.unparse(owner), value_of(owner, site), owner) if site else None
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    axes = [k for k, each in enumerate(parts) if isinstance(each, ast.Slice) and each.step]
    if tensor is None or not is_plain_tensor(tensor.value) or not axes:
        return None
    turned = all(_is_whole(parts[k], "-1") for k in axes)
    alone = all(_is_whole(each) for k, each in enumerate(parts) if k not in axes)
    new = f"{module_name(site, 'torch', 'torch')}.flip({tensor.name}, {axes})"
    candidates = []
    if turned and alone:
        change = rewritten(site, f"Turn it round: {new}.", {node: new})
        candidates.append(Candidate(change.text, line_with(site, {node: new}), change.check))
    return Explained(
        kind="tensor-backwards",
        message=f"A slice of a tensor cannot run backwards, as {ast.unparse(node)} would.",
        operands=(tensor,),
        candidates=tuple(candidates),
    )


def _is_whole(node: ast.expr, step: str | None = None) -> bool:
    """Whether a slice takes all of an axis, with such a step."""
    if not isinstance(node, ast.Slice) or node.lower or node.upper:
        return False
    return (ast.unparse(node.step) if node.step else None) == step
