"""A mask that would make an array whose length depends on numbers, while JAX traces."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import module_name
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.traced import is_traced

PATTERNS = (re.compile(r"Array boolean indices must be concrete"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which array is masked, and what keeps its shape."""
    site = failure.site
    if site is None or not isinstance(site.node, ast.Subscript):
        return None
    array = operand(site.node.value, site)
    if not is_traced(array):
        return None
    return Explained(
        kind="traced-mask",
        message=f"The length of {ast.unparse(site.node)} depends on the values of "
        f"{array.name}, which are not known while JAX traces.",
        operands=(array,),
        candidates=tuple(_candidates(site, site.node)),
    )


def _candidates(site: Site, node: ast.Subscript) -> Iterator[Candidate]:
    where = f"{module_name(site, 'jax.numpy', 'jnp')}.where"
    code = f"{where}({ast.unparse(node.slice)}, {ast.unparse(node.value)}, 0)"
    yield rewritten(site, "Keep the shape, with zeros where the mask is false.", {node: code})
