"""A class of Keras where an object of it is needed: ``keras.optimizers.Adam`` without brackets."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from typing import Any

from dlmagic.magics.tensors.explain.computing import library_value
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained

PATTERNS = (
    re.compile(r"Could not interpret \w+( function)? identifier: <class 'keras\."),
    re.compile(r"Only instances of `?keras\.Layer`? can be added to a Sequential model.*<class"),
    re.compile(r"Callback\.set_\w+\(\) missing 1 required positional argument"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which argument is a class, and the line with an object of it."""
    site = failure.site
    node = site.node if site else None
    if site is None or not isinstance(node, ast.Call):
        return None
    for given in _given(node):
        kind = library_value(given, site)
        if not isinstance(kind, type) or not kind.__module__.startswith("keras."):
            continue
        made = f"{ast.unparse(given)}()"
        line = line_with(site, {given: made}) if _needs_nothing(kind) else None
        text = f"Make one: {made}." if line else "Make one, with its arguments in brackets."
        return Explained(
            kind="class-for-object",
            message=f"{ast.unparse(given)} is a class, and an object of it is needed here.",
            candidates=(Candidate(text, line),),
        )
    return None


def _given(node: ast.Call) -> Iterator[ast.expr]:
    """The arguments, and what stands in their lists."""
    for each in [*node.args, *(keyword.value for keyword in node.keywords)]:
        yield from each.elts if isinstance(each, ast.List | ast.Tuple) else [each]


def _needs_nothing(kind: Any) -> bool:
    """Whether an object is made without arguments."""
    try:
        inspect.signature(kind).bind()
    except (TypeError, ValueError):
        return False
    return True
