"""An argument that is no array, in a function that JAX compiles."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site, tree_of
from dlmagic.magics.tensors.explain.static import static_candidates

PATTERNS = (
    re.compile(r"Error interpreting argument to .* as an abstract array", re.DOTALL),
    re.compile(r"is not a valid JAX type|Cannot interpret value of type"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which argument it is, and how the function is told that it stays as it is."""
    call, site = called(failure.site), failure.site
    if call is None or site is None:
        return None
    given: list[tuple[int | str, Operand]] = [*enumerate(call.arguments), *call.keywords.items()]
    words = [(key, each) for key, each in given if isinstance(each.value, str)]
    if not words:
        return None
    key, word = words[0]
    return Explained(
        kind="not-an-array",
        message=f"A compiled function takes arrays, and {word.name} is a string.",
        operands=(word,),
        candidates=tuple(_candidates(site, ast.unparse(call.node.func), key)),
    )


def _candidates(site: Site, function: str, key: int | str) -> Iterator[Candidate]:
    name = key if isinstance(key, str) else _argument(site, function, key)
    if name is not None:
        yield from static_candidates(site, function, [name])


def _argument(site: Site, function: str, position: int) -> str | None:
    """The name of an argument by its position, from the function's definition."""
    tree = tree_of(site.file, site.frame)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.FunctionDef) and node.name == function:
            names = [each.arg for each in node.args.args]
            return names[position] if position < len(names) else None
    return None
