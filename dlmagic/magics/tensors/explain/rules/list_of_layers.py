"""``nn.Sequential`` of a list, where it takes the layers themselves."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, operand
from dlmagic.magics.tensors.explain.values import MISSING

PATTERNS = (re.compile(r"(list|tuple|generator) is not a Module subclass"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """The list, and the star before it."""
    site = failure.site
    node = site.node if site else None
    if site is None or not isinstance(node, ast.Call) or len(node.args) != 1:
        return None
    layers = operand(node.args[0], site)
    written = isinstance(node.args[0], ast.List | ast.Tuple | ast.ListComp | ast.GeneratorExp)
    if not written and (layers.value is MISSING or type(layers.value).__name__ != match[1]):
        return None
    name = ast.unparse(node.func)
    return Explained(
        kind="list-of-layers",
        message=f"{name} takes layers one by one, and gets a {match[1]} of them.",
        operands=(layers,),
        candidates=(
            Candidate("Unpack it with a star.", line_with(site, {node.args[0]: f"*{layers.name}"})),
        ),
    )
