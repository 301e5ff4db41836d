"""The class of a layer where a layer is needed: ``nn.ReLU`` without its brackets."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from typing import Any

from dlmagic.magics.tensors.explain.computing import library_value
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained

PATTERNS = (re.compile(r"(?P<name>[\w.]+) is not a Module subclass"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which argument is a class, and the line with a layer of it."""
    site = failure.site
    node = site.node if site else None
    if site is None or not isinstance(node, ast.Call):
        return None
    for given in _given(node):
        kind = library_value(given, site)
        if _is_class_of_layers(kind) and kind.__name__ == match["name"].rpartition(".")[2]:
            made = f"{ast.unparse(given)}()"
            line = line_with(site, {given: made}) if _needs_nothing(kind) else None
            return Explained(
                kind="class-as-layer",
                message=f"{ast.unparse(given)} is a class, and a layer of it is needed here.",
                candidates=(Candidate(f"Make one: {made}.", line),) if line else (),
            )
    return None


def _given(node: ast.Call) -> list[ast.expr]:
    """The arguments, and what stands in their lists."""
    found: list[ast.expr] = []
    for each in node.args:
        inner = each.value if isinstance(each, ast.Starred) else each
        found += inner.elts if isinstance(inner, ast.List | ast.Tuple) else [inner]
    return found


def _is_class_of_layers(value: object) -> bool:
    torch: Any = sys.modules["torch"]
    return isinstance(value, type) and issubclass(value, torch.nn.Module)


def _needs_nothing(kind: Any) -> bool:
    """Whether a layer is made without arguments."""
    try:
        inspect.signature(kind).bind()
    except (TypeError, ValueError):
        return False
    return True
