"""An array of JAX that a compiled function has taken the memory of (``donate_argnums``)."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from typing import Any

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"Array has been deleted"),
    re.compile(r"Buffer has been deleted or donated"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which of the names has lost its values, and how to keep them."""
    gone = next(_gone(failure.site), None)
    if gone is None:
        return None
    name = gone.name
    what, its = (f"{name} has", "its") if gone.description else (f"Arrays in {name} have", "their")
    return Explained(
        kind="array-donated",
        message=f"{what} no values any more: {its} memory was given away, as to a function of "
        "jax.jit with donate_argnums, which takes it for its results.",
        operands=(gone,) if gone.description else (),
        candidates=(
            Candidate(
                f"Bind what it returns to {name} again, as in {name} = step({name}, …), "
                "or leave donate_argnums out."
            ),
        ),
    )


def _gone(site: Site | None) -> Iterator[Operand]:
    """The names in the expression that failed whose arrays are deleted."""
    if site is None or site.node is None:
        return
    for node in ast.walk(site.node):
        if isinstance(node, ast.Name):
            found = operand(node, site)
            if _is_deleted(found.value):
                yield found


def _is_deleted(value: object) -> bool:
    jax: Any = sys.modules.get("jax")
    leaves = told(lambda: jax.tree.leaves(value)) or ()
    return any(told(each.is_deleted) for each in leaves if isinstance(each, jax.Array))
