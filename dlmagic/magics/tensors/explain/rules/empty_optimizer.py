"""An optimiser that gets no weights, or something else than weights."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from typing import Any

from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.sources import codes
from dlmagic.magics.tensors.explain.values import MISSING

PATTERNS = (
    re.compile(r"optimizer got an empty parameter list"),
    re.compile(r"params argument given to the optimizer should be an iterable"),
    re.compile(r"'\w+' object is not iterable"),
    re.compile(r"optimizer can only optimize Tensors, but one of the params is"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """What it got, and where the weights are."""
    site = failure.site
    node = site.node if site else None
    torch: Any = sys.modules.get("torch")
    if site is None or torch is None or not isinstance(node, ast.Call) or not node.args:
        return None
    if failure.inside("__init__", "optim.optimizer") is None:
        return None
    given = operand(node.args[0], site)
    if isinstance(given.value, torch.nn.Module):
        return _of_model(site, given)
    if isinstance(given.value, torch.Tensor):
        return _of_tensor(site, given)
    match node.args[0]:
        case ast.Attribute(_, "parameters") if "'method'" in match[0]:
            return _of_method(site, given)
        case ast.Call(ast.Attribute(owner, "parameters")):
            return _of_hidden(failure, operand(owner, site))
    return _of_used(failure, given) if type(given.value).__name__ == "generator" else None


def _of_model(site: Site, given: Operand) -> Explained:
    new = f"{given.name}.parameters()"
    return Explained(
        kind="optimizer-weights",
        message=f"An optimiser takes weights, and {given.name} is a whole model.",
        operands=(given,),
        candidates=(Candidate(f"Give it {new}.", line_with(site, {given.node: new})),),
    )


def _of_method(site: Site, given: Operand) -> Explained:
    new = f"{given.name}()"
    return Explained(
        kind="optimizer-weights",
        message=f"An optimiser takes weights, and {given.name} is the method that gives them.",
        operands=(given,),
        candidates=(Candidate(f"Call it: {new}.", line_with(site, {given.node: new})),),
    )


def _of_tensor(site: Site, given: Operand) -> Explained:
    new = f"[{given.name}]"
    return Explained(
        kind="optimizer-weights",
        message=f"An optimiser takes a list of weights, and {given.name} is a single tensor.",
        operands=(given,),
        candidates=(Candidate(f"Give it {new}.", line_with(site, {given.node: new})),),
    )


def _of_used(failure: Failure, given: Operand) -> Explained:
    origin = origin_of(given.name, failure.site, failure) if failure.site else None
    made = f"list({ast.unparse(origin.value)})" if origin else "list(…)"
    line = line_with(origin.place, {origin.value: made}) if origin else None
    return Explained(
        kind="optimizer-weights",
        message=f"{given.name} is used up: what parameters() returns can be read only once.",
        operands=(given,),
        candidates=(
            Candidate(f"Keep a list: {made}.", line, None, origin.place if origin else None),
        ),
    )


def _of_hidden(failure: Failure, model: Operand) -> Explained | None:
    if model.value is MISSING or any(True for _ in model.value.parameters()):
        return None
    hidden = [key for key, value in vars(model.value).items() if _holds_layers(value)]
    why = f"layers in the plain list {hidden[0]} are not found" if hidden else "it has none"
    return Explained(
        kind="optimizer-weights",
        message=f"The optimiser gets no weights of {model.name}: {why}.",
        operands=(model,),
        candidates=tuple(_candidates(failure, model, hidden)),
    )


def _holds_layers(value: object) -> bool:
    torch: Any = sys.modules["torch"]
    if not isinstance(value, list | tuple | dict):
        return False
    items = value.values() if isinstance(value, dict) else value
    return any(isinstance(each, torch.nn.Module) for each in items)


def _candidates(failure: Failure, model: Operand, hidden: list[str]) -> Iterator[Candidate]:
    owner = type(model.value).__name__
    for key in hidden[:1]:
        holder = "ModuleDict" if isinstance(getattr(model.value, key), dict) else "ModuleList"
        for code in codes(failure.name_of_cell, f"class {owner}"):
            for node in ast.walk(code.tree):
                if not isinstance(node, ast.Assign) or f"self.{key}" != ast.unparse(
                    node.targets[0]
                ):
                    continue
                place = code.place(node)
                line = line_with(place, {node.value: f"nn.{holder}({ast.unparse(node.value)})"})
                text = f"Keep the layers in an nn.{holder}."
                yield Candidate(text, line, None, place)
                return
