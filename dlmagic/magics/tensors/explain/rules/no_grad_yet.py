"""A tensor of PyTorch whose ``.grad`` is None, where its gradient is needed."""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand

PATTERNS = (re.compile(r"NoneType"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Whose gradient it is, and why there is none."""
    site = failure.site
    if site is None or site.node is None or failure.below:
        return None
    for node in ast.walk(site.node):
        if isinstance(node, ast.Attribute) and node.attr == "grad":
            found = _without_gradient(operand(node.value, site))
            if found is not None:
                return found
    return None


def _without_gradient(owner: Operand) -> Explained | None:
    torch: Any = sys.modules.get("torch")
    tensor = owner.value
    if torch is None or not isinstance(tensor, torch.Tensor) or _has_gradient(tensor):
        return None
    why, advice = _why(owner.name, tensor)
    return Explained(
        kind="no-gradient-yet",
        message=f"{owner.name}.grad is None: {why}.",
        operands=(owner,),
        candidates=(Candidate(advice),) if advice else (),
    )


def _has_gradient(tensor: Any) -> bool:
    """Asked only of tensors that may have one: of others, PyTorch warns of the question."""
    asked = tensor.is_leaf or tensor.retains_grad
    return bool(asked) and told(lambda: tensor.grad) is not None


def _why(name: str, tensor: Any) -> tuple[str, str]:
    if not tensor.requires_grad:
        return f"no gradients are recorded of {name} (requires_grad=False)", ""
    if tensor.is_leaf:
        return f"no backward() has reached {name} since it was made or last cleared", ""
    why = f"backward() leaves gradients in leaves only, and {name} was computed from other tensors"
    return why, (
        f"Where {name} is a weight, change it in place, so that it stays a leaf: under "
        f"torch.no_grad(), as with {name} -= …; else call {name}.retain_grad() before backward()."
    )
