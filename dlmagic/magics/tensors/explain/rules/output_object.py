"""What a model gave is not the tensor itself, but holds it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from dlmagic.errors import with_article
from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.returning import with_return
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.values import MISSING

PATTERNS = (re.compile(r"'(?P<kind>\w+)' object has no attribute '(?P<name>\w+)'"),)
_MOVING = ("to", "cuda", "cpu", "float", "long", "double", "half")
_FIELDS = ("logits", "last_hidden_state", "out", "sample", "prediction_logits")


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """What it is, and where the tensor is in it."""
    site = failure.site
    torch: Any = sys.modules.get("torch")
    if site is None or torch is None or not hasattr(torch.Tensor, match["name"]) or failure.below:
        return None
    owner = _owner(site.node, match["name"])
    held = operand(owner, site) if owner is not None else None
    if held is not None and held.value is MISSING and match["kind"] == "NoneType":
        held = Operand(held.name, None, held.node)  # what a call gave; the error tells what
    if held is None or held.value is MISSING or type(held.value).__name__ != match["kind"]:
        return None
    if held.value is None and match["name"] == "backward":
        without = _without_labels(failure, held)
        if without is not None:
            return without
    moved = _each_moved(held, site) if match["name"] in _MOVING else None
    if moved is not None:
        return moved
    parts = [code for code, _ in _parts(held)]
    returned = _returned(held, failure)
    if not parts and not returned:
        return None
    what = with_article(match["kind"])
    if held.value is None:
        what = "None, since what gave it returns nothing"
    return Explained(
        kind="output-object",
        message=f".{match['name']} belongs to tensors, and {held.name} is {what}.",
        operands=(held,),
        candidates=returned
        or tuple(
            Candidate(f"Take the tensor out of it: {code}.", line_with(site, {held.node: code}))
            for code in parts[:2]
        ),
    )


def _each_moved(held: Operand, site: Site) -> Explained | None:
    """A batch of several tensors, each of which has the method."""
    value, node = held.value, site.node
    of_names = type(value) is dict
    items = list(value.values()) if of_names else value
    if type(value) not in (list, dict) or not items or not all(map(_is_tensor, items)):
        return None
    calls = [each for each in ast.walk(site.statement or ast.Pass()) if isinstance(each, ast.Call)]
    call = next((each for each in calls if each.func is node or each is node), None)
    if call is None or not isinstance(call.func, ast.Attribute):
        return None
    method = ast.unparse(call)[len(ast.unparse(call.func.value)) :]
    code = f"[each{method} for each in {held.name}]"
    if of_names:
        code = f"{{k: each{method} for k, each in {held.name}.items()}}"
    return Explained(
        kind="output-object",
        message=(
            f".{call.func.attr} belongs to tensors, and {held.name} is "
            f"{with_article(type(value).__name__)} that holds {len(items)}."
        ),
        operands=(held,),
        candidates=(Candidate(f"Do it with each of them: {code}.", line_with(site, {call: code})),),
    )


def _without_labels(failure: Failure, held: Operand) -> Explained | None:
    """The loss of a model of Hugging Face, which it computes only where it gets labels."""
    site = failure.site
    if site is None or not isinstance(held.node, ast.Attribute) or held.node.attr != "loss":
        return None
    output = held.node.value
    kinds: Any = getattr(sys.modules.get("transformers.utils"), "ModelOutput", ())
    if not isinstance(value_of(output, site), kinds):
        return None
    origin = origin_of(output.id, site, failure) if isinstance(output, ast.Name) else None
    call = origin.value if origin is not None else None
    line = None
    if origin is not None and isinstance(call, ast.Call) and "labels" in site.names:
        line = line_with(origin.place, {call: f"{ast.unparse(call)[:-1]}, labels=labels)"})
    place = origin.place if origin is not None and line is not None else None
    return Explained(
        kind="output-object",
        message=f"{held.name} is None: a model computes its loss only where it is given labels.",
        operands=(held,),
        candidates=(
            Candidate(
                "Give it the labels: labels=….",
                line,
                None,
                place,
            ),
        ),
    )


def _returned(held: Operand, failure: Failure) -> tuple[Candidate, ...]:
    found = with_return(held.node, failure) if held.value is None else None
    return () if found is None else (found,)


def _owner(node: ast.expr | None, name: str) -> ast.expr | None:
    inner = node.func if isinstance(node, ast.Call) else node
    return inner.value if isinstance(inner, ast.Attribute) and inner.attr == name else None


def _parts(held: Operand) -> Iterator[tuple[str, Any]]:
    """The code for each tensor in it that is likely to be meant."""
    value = held.value
    if isinstance(value, Mapping):
        for key in _FIELDS:
            if key in value:
                dotted = type(value) is not dict
                yield (f"{held.name}.{key}" if dotted else f'{held.name}["{key}"]'), value[key]
    elif isinstance(value, tuple | list):
        tensors = [_is_tensor(each) for each in value]
        if isinstance(value, list) and tensors and all(tensors):
            shapes = {tuple(each.shape) for each in value}
            if len(shapes) == 1:
                yield f"torch.stack({held.name})", value
        elif tensors and tensors[0]:
            yield f"{held.name}[0]", value[0]


def _is_tensor(value: object) -> bool:
    torch: Any = sys.modules["torch"]
    return isinstance(value, torch.Tensor)
