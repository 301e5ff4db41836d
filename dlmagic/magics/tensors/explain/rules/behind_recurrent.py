"""A layer of a ``Sequential`` behind a recurrent one, which gives its state, too."""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.layers import (
    Mend,
    UnknownShapeError,
    is_chain,
    passed,
    zeros_like_batch,
)
from dlmagic.magics.tensors.explain.modules import at_start, named_module
from dlmagic.magics.tensors.explain.pure import is_plain_tensor
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.trying import Tried

PATTERNS = (
    re.compile(r"argument '\w+' \(position \d+\) must be (Tensor|tuple of Tensors), not tuple"),
    re.compile(r"'tuple' object has no attribute '\w+'"),
    re.compile(r"received an invalid combination of arguments|conv\dd\(\)"),
    re.compile(r"not supported between instances of 'tuple' and|operand type\(s\).*'tuple'"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which of the layers gives a tuple to which."""
    step = failure.inside("forward", "nn.modules.container")
    chain: Any = step.local("self") if step is not None else None
    if step is None or not is_chain(chain) or not isinstance(step.local("input"), tuple):
        return None
    layers = list(chain)
    places = [k for k, each in enumerate(layers) if each is step.local("module")]
    recurrent: Any = sys.modules["torch"].nn.RNNBase
    if len(places) != 1 or not places[0] or not isinstance(layers[places[0] - 1], recurrent):
        return None
    before = places[0] - 1
    failed, giving = (named_module(layers[k], failure.sites) for k in (places[0], before))
    kind = type(layers[before]).__name__
    return Explained(
        kind="wrong-object",
        message=(
            f"{at_start(failed)} takes a tensor, and the {kind} before it, {giving}, gives a "
            "tuple: its outputs and its last state."
        ),
        candidates=(_with_outputs_alone(failure, chain, before, kind),),
    )


def _with_outputs_alone(failure: Failure, chain: Any, place: int, kind: str) -> Candidate:
    """The call in two parts, with the first of the two values between them."""
    site = failure.site
    node = site.node if site is not None else None
    match node:
        case ast.Call(owner, [given], []) if site and value_of(owner, site) is chain:
            name, inner = ast.unparse(owner), ast.unparse(given)
            inner = f"{name}[:{place}]({inner})" if place else inner
            code = f"{name}[{place + 1}:]({name}[{place}]({inner})[0])"
            value = value_of(given, site)
            return Candidate(
                f"Hand on its outputs alone, the first of the two: {code}.",
                line_with(site, {node: code}),
                lambda: _check(chain, place, value),
            )
    return Candidate(
        f"Take the {kind} out of nn.Sequential, and hand on its outputs alone: "
        "outputs, _ = recurrent(x), then rest(outputs)."
    )


def _check(chain: Any, place: int, given: Any) -> Tried:
    """Whether the layers behind take the outputs, as far as their shapes can be foreseen."""
    mends: list[Mend] = []
    if not is_plain_tensor(given):
        return "not tried"
    try:
        before = passed(chain[:place], zeros_like_batch(tuple(given.shape)), mends)
        passed(chain[place + 1 :], _outputs(chain[place], before), mends)
    except (UnknownShapeError, RuntimeError, TypeError, ValueError, IndexError):
        return "not tried"
    return "not tried" if mends else "shape-verified"


def _outputs(layer: Any, given: Any) -> Any:
    features = layer.proj_size or layer.hidden_size
    features *= 2 if layer.bidirectional else 1
    return given.new_zeros((*given.shape[:-1], features))
