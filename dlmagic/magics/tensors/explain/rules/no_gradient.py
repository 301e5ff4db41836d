"""A loss that depends on nothing whose gradient is recorded."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operands_of
from dlmagic.magics.tensors.explain.sites import Place, Site
from dlmagic.magics.tensors.explain.sources import code_of

PATTERNS = (re.compile(r"element \d+ of (tensors|variables) does not require grad"),)
_CUTTING = frozenset({"detach", "item", "numpy", "tolist", "argmax"})
_REMOVABLE = frozenset({"detach", "item"})
_MOST_STEPS = 30


@dataclass(frozen=True)
class _Cut:
    """Where the way to the weights ends.

    Attributes:
        place: The line.
        text: What stands there.
        line: What the line becomes without it, or None.
    """

    place: Place
    text: str
    line: str | None = field(default=None)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Where gradients stop on the way from the loss to the weights."""
    site = failure.site
    found = operands_of(site)[:1]
    if site is None or not found:
        return None
    loss = found[0]
    known = loss.description
    if known is not None and known.requires_grad:
        return None
    steps = list(_steps(loss, site, failure))
    cut = next((cut for place, node in steps for cut in _cuts(place, node)), None)
    if cut is not None:
        return _of_cut(loss, cut)
    return _of_frozen(loss, [node for _, node in steps], site)


def _steps(loss: Operand, site: Site, failure: Failure) -> Iterator[tuple[Place, ast.expr]]:
    """The expressions that a loss comes from, the last one first."""
    waiting: list[tuple[Place, ast.expr]] = [(site, loss.node)] if loss.node else []
    seen: set[str] = set()
    while waiting and len(seen) < _MOST_STEPS:
        place, node = waiting.pop(0)
        yield place, node
        for name in (each.id for each in ast.walk(node) if isinstance(each, ast.Name)):
            origin = None if name in seen else origin_of(name, site, failure)
            seen.add(name)
            if origin is not None:
                waiting.append((origin.place, origin.value))


def _cuts(place: Place, node: ast.expr) -> Iterator[_Cut]:
    for part in ast.walk(node):
        match part:
            case ast.Call(ast.Attribute(owner, name)) if name in _CUTTING:
                text = ast.unparse(owner)
                line = line_with(place, {part: text}) if name in _REMOVABLE else None
                yield _Cut(place, f".{name}()", line)
            case ast.Attribute(owner, "data"):
                yield _Cut(place, ".data", line_with(place, {part: ast.unparse(owner)}))
            case ast.Call(ast.Attribute(_, "tensor"), [inner]) if _is_computed(inner):
                kept = ast.unparse(inner).removesuffix(".item()")
                yield _Cut(place, "torch.tensor(…)", line_with(place, {part: kept}))
    block = _block(place)
    if block is not None:
        yield _Cut(block[0], block[1])


def _is_computed(node: ast.expr) -> bool:
    return any(isinstance(each, ast.Name | ast.Call) for each in ast.walk(node))


def _block(place: Place) -> tuple[Place, str] | None:
    """A ``with torch.no_grad()`` around a line."""
    code = code_of(place.file, place.cell)
    for node in ast.walk(code.tree) if code else ():
        if not isinstance(node, ast.With) or not node.lineno < place.line <= (node.end_lineno or 0):
            continue
        text = ast.unparse(node.items[0].context_expr)
        if code is not None and ("no_grad" in text or "inference_mode" in text):
            return code.place(node), text
    return None


def _of_cut(loss: Operand, cut: _Cut) -> Explained:
    what = "Compute it outside of" if "(" in cut.text and "_" in cut.text else "Leave out"
    return Explained(
        kind="no-gradient",
        message=f"{cut.text} in line {cut.place.line} cuts {loss.name} off from the weights.",
        operands=(loss,),
        candidates=(Candidate(f"{what} {cut.text}.", cut.line, None, cut.place),),
    )


def _is_recorded(value: object) -> bool:
    known = Operand("", value).description
    return known is not None and bool(known.requires_grad) and hasattr(value, "grad_fn")


def _of_frozen(loss: Operand, nodes: list[ast.expr], site: Site) -> Explained | None:
    """Models on the way none of whose weights are trained."""
    names = [part for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)]
    if any(_is_recorded(value_of(name, site)) for name in names):
        return None
    for name in names:
        parameters = getattr(value_of(name, site), "_parameters", None)
        model: Any = value_of(name, site) if isinstance(parameters, dict) else None
        trained = [each.requires_grad for each in model.parameters()] if model is not None else []
        if trained and not any(trained):
            return Explained(
                kind="no-gradient",
                message=f"No weight of {name.id} is trained: requires_grad is False for all.",
                operands=(loss,),
                candidates=(
                    Candidate(f"Train what is to be learned: {name.id}.requires_grad_(True)."),
                ),
            )
    return Explained(
        kind="no-gradient",
        message=(
            f"{loss.name} depends on nothing whose gradient is recorded: no tensor behind it has "
            "requires_grad=True, so backward() has nothing to do."
        ),
        operands=(loss,),
        candidates=(
            Candidate("Compute it from the output of a model, or from tensors that are trained."),
        ),
    )
