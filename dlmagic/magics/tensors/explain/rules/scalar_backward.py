"""``backward`` of more than one number."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.arguments import with_call
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, known, operands_of
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.values import MISSING

PATTERNS = (re.compile(r"grad can be implicitly created only for scalar outputs"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """How many numbers there are, and the two ways to make one of them."""
    found = operands_of(failure.site)[:1] if _asks_for_gradients(failure.site) else []
    if not found or (found[0].value is not MISSING and not known(found)):
        return None
    if found[0].shape in ((), (1,)):
        return None
    loss = found[0]
    return Explained(
        kind="backward-not-scalar",
        message=f"Gradients are taken of a single number, and {loss.name} "
        f"{f'has the shape {loss.shape}' if loss.shape else 'has more than one'}.",
        operands=(loss,),
        candidates=tuple(_candidates(failure, loss)),
    )


def _asks_for_gradients(site: Site | None) -> bool:
    node = site.node if site is not None else None
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".backward", ".grad"))


def _candidates(failure: Failure, loss: Operand) -> Iterator[Candidate]:
    if not isinstance(loss.node, ast.expr):
        return
    for text, name in (("Take the mean: {}.", "mean"), ("Take the sum: {}.", "sum")):
        yield with_call(failure, loss, text, f".{name}()", lambda v, name=name: getattr(v, name)())
