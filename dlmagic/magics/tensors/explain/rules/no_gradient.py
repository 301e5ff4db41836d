"""A loss that depends on nothing whose gradient is recorded."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.cuts import Cut, cuts
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operands_of
from dlmagic.magics.tensors.explain.sites import Place, Site

PATTERNS = (re.compile(r"element \d+ of (tensors|variables) does not require grad"),)
_MOST_STEPS = 30


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
    found_cuts = (cuts(*step, site, failure.name_of_cell) for step in steps)
    cut = next(chain.from_iterable(found_cuts), None)
    if cut is not None:
        return _of_cut(loss, cut, site)
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


def _of_cut(loss: Operand, cut: Cut, site: Site) -> Explained:
    cell = "" if cut.place.file == site.file else f"{cut.place.cell}, "
    where = f"{cell}line {cut.place.line}"
    return Explained(
        kind="no-gradient",
        message=f"{cut.text} in {where} cuts {loss.name} off from the weights.",
        operands=(loss,),
        candidates=(Candidate(cut.instead, cut.line, None, cut.place),),
    )


def _is_recorded(value: object) -> bool:
    known = Operand("", value).description
    return known is not None and bool(known.requires_grad) and hasattr(value, "grad_fn")


def _of_frozen(loss: Operand, nodes: list[ast.expr], site: Site) -> Explained | None:
    """Models on the way none of whose weights are trained."""
    names = [part for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)]
    if any(_is_recorded(value_of(name, site)) for name in names):
        return None
    models = {name.id: model for name in names if (model := _model(value_of(name, site)))}
    for name, model in models.items():
        if not any(each.requires_grad for each in model.parameters()):
            return _explained(
                loss,
                f"No weight of {name} is trained: requires_grad is False for all.",
                f"Train what is to be learned: {name}.requires_grad_(True).",
            )
    calls = (part.func for node in nodes for part in ast.walk(node) if isinstance(part, ast.Call))
    for name in (each.id for each in calls if isinstance(each, ast.Name) and each.id in models):
        return _explained(
            loss,
            f"{name} has weights that are trained, but {loss.name} is cut off from them.",
            f"Look within {name} for torch.no_grad(), .detach(), .item() or .data.",
        )
    return _explained(
        loss,
        f"{loss.name} depends on nothing whose gradient is recorded, so backward() has nothing "
        "to do.",
        "Compute it from the output of a model, or from tensors that are trained.",
    )


def _model(value: object) -> Any:
    """A model that has weights, or None."""
    if not isinstance(getattr(value, "_parameters", None), dict):
        return None
    model: Any = value
    return model if any(True for _ in model.parameters()) else None


def _explained(loss: Operand, message: str, change: str) -> Explained:
    return Explained("no-gradient", message, (loss,), (Candidate(change),))
