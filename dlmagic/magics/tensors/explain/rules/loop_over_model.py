"""A loop over a model of PyTorch that has no order of layers."""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, operand

PATTERNS = (re.compile(r"^'(?P<kind>\w+)' object is not iterable"),)
_OF_LAYERS = re.compile(r"layer|module|block|child|^m$", re.IGNORECASE)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """The loop over its weights, and that over its layers."""
    site = failure.site
    match site.statement if site is not None else None:
        case ast.For(target, iterated) if site is not None and site.node in (None, iterated):
            pass
        case _:
            return None
    torch: Any = sys.modules.get("torch")
    model = operand(iterated, site)
    if failure.below or torch is None or not isinstance(model.value, torch.nn.Module):
        return None
    if type(model.value).__name__ != match["kind"]:
        return None
    owner = in_brackets(iterated, model.name)
    ways = [("weights", f"{owner}.parameters()"), ("layers", f"{owner}.children()")]
    if _OF_LAYERS.search(ast.unparse(target)):
        ways.reverse()
    return Explained(
        kind="loop-over-model",
        message=f"{model.name} is a model, and no list of its weights or layers.",
        operands=(model,),
        candidates=tuple(
            Candidate(f"For its {what}: {code}.", line_with(site, {iterated: code}))
            for what, code in ways
        ),
    )
