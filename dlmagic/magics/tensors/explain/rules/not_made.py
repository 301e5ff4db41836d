"""A layer or loss that is called as if it were there already: ``nn.MSELoss(out, y)``."""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, known, operands_of

PATTERNS = (
    re.compile(r"Boolean value of Tensor with (more than one|no) value"),
    re.compile(r"__init__\(\) takes .* positional arguments? but .* given"),
    re.compile(r"'\w+' object has no attribute '(backward|detach|shape|size|item)'"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which class it is, and the brackets that make it."""
    site = failure.site
    torch: Any = sys.modules.get("torch")
    node = site.node if site else None
    if site is None or torch is None or not isinstance(node, ast.Call):
        return None
    made = value_of(node.func, site)
    tensors = known([each for each in operands_of(site) if each.node in node.args])
    if not isinstance(made, type) or not issubclass(made, torch.nn.Module) or not tensors:
        return None
    name = ast.unparse(node.func)
    return Explained(
        kind="not-made",
        message=f"{name}(…) makes the layer, and {tensors[0].name} is given to its settings.",
        operands=tuple(tensors),
        candidates=(
            Candidate("Make it, then call it.", line_with(site, {node.func: f"{name}()"})),
        ),
    )
