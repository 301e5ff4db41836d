"""The body of ``jax.lax.scan``, which must give the next carry and an output of its step."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site, tree_of
from dlmagic.magics.tensors.explain.sources import place_of

PATTERNS = (re.compile(r"scan body output must be a pair, got (?P<got>[^\n]+?)\.?$"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """What it gives, and the pair that it should."""
    call, site = called(failure.site), failure.site
    body = call.argument(0, "f") if call is not None else None
    if call is None or body is None or site is None or call.name != "scan":
        return None
    gives = "returns nothing" if match["got"] == "None" else f"returns {match['got']}"
    return Explained(
        kind="scan-pair",
        message=(
            "The function of scan returns two things, the next carry and what is kept of the step "
            f"(or None): {body.name} {gives}."
        ),
        operands=(body,),
        candidates=tuple(_candidates(site, body.node, match["got"])),
    )


def _candidates(site: Site, body: ast.expr | None, got: str) -> Iterator[Candidate]:
    text = "Return a pair: the next carry, and what is kept of the step, or None."
    returned = list(_returned(site, body))
    if got == "None" or len(returned) != 1 or isinstance(returned[0], ast.Tuple):
        yield Candidate(text)
        return
    value = returned[0]
    place = place_of(site.cell, site.file, value.lineno)
    line = line_with(place, {value: f"{ast.unparse(value)}, None"})
    yield Candidate(text, line, None, place)


def _returned(site: Site, body: ast.expr | None) -> Iterator[ast.expr]:
    """What the function of that name returns, where the cell has only one of it."""
    tree = tree_of(site.file, site.frame)
    name = body.id if isinstance(body, ast.Name) else None
    nodes = list(ast.walk(tree)) if tree is not None else []
    found = [each for each in nodes if isinstance(each, ast.FunctionDef) and each.name == name]
    for node in ast.walk(found[0]) if len(found) == 1 else ():
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value
