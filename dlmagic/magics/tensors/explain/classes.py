"""A class where an object of it is needed: the brackets behind its name are missing."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator

from dlmagic.magics.tensors.explain.computing import library_value
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained


def object_instead(
    failure: Failure, kind: str, needed: str, is_meant: Callable[[type], bool]
) -> Explained | None:
    """Which argument of the call that failed is a class, and the line with an object of it.

    Args:
        failure: What happened.
        kind: Of the finding.
        needed: What there should be of the class, such as ``"a layer"``.
        is_meant: Whether a class is one of those that may be meant.
    """
    site = failure.site
    node = site.node if site else None
    if site is None or not isinstance(node, ast.Call):
        return None
    for given in _given(node):
        found = library_value(given, site)
        if not isinstance(found, type) or not is_meant(found):
            continue
        made = f"{ast.unparse(given)}()"
        line = line_with(site, {given: made}) if _needs_nothing(found) else None
        text = f"Make one: {made}." if line else "Make one, with its arguments in brackets."
        return Explained(
            kind=kind,
            message=f"{ast.unparse(given)} is a class, and {needed} of it is needed here.",
            candidates=(Candidate(text, line),),
        )
    return None


def _given(node: ast.Call) -> Iterator[ast.expr]:
    """The arguments, and what stands in their lists."""
    for each in [*node.args, *(keyword.value for keyword in node.keywords)]:
        inner = each.value if isinstance(each, ast.Starred) else each
        yield from inner.elts if isinstance(inner, ast.List | ast.Tuple) else [inner]


def _needs_nothing(kind: type) -> bool:
    """Whether an object is made without arguments."""
    try:
        inspect.signature(kind).bind()
    except (TypeError, ValueError):
        return False
    return True
