"""A layer or a model of Flax NNX that is made without random numbers for its weights."""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

from dlmagic.magics.tensors.explain.calls import Called, called, module_name
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.sources import function_around

PATTERNS = (
    re.compile(
        r"(?P<name>\w+)\.__init__\(\) missing 1 required (keyword-only|positional) argument: 'rngs'"
    ),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which layer, and the argument that it misses."""
    site, call = failure.site, called(failure.site)
    nnx: Any = sys.modules.get("flax.nnx")
    kind = call.function if call is not None else None
    if site is None or call is None or nnx is None or not isinstance(kind, type):
        return None
    if not issubclass(kind, nnx.Module) or kind.__name__ != match["name"]:
        return None
    return Explained(
        kind="layer-without-rngs",
        message=f"{ast.unparse(call.node.func)} draws its first weights, and is told with what by "
        "the argument rngs.",
        candidates=(_given(site, call, nnx),),
    )


def _given(site: Site, call: Called, nnx: Any) -> Candidate:
    """The argument; a class hands on what it got, as each model is to have weights of its own."""
    here = isinstance(site.names.get("rngs"), nnx.Rngs)
    if not here and function_around(site) is not None:
        return Candidate("Let the function take rngs, and hand it on: rngs=rngs.")
    argument = "rngs=rngs" if here else f"rngs={module_name(site, 'flax.nnx', 'nnx')}.Rngs(0)"
    code = call.with_argument(argument)
    return Candidate(f"Write {code}.", line_with(site, {call.node: code}))
