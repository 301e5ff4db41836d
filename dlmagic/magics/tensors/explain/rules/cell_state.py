"""A state that one step of a recurrent network cannot begin with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.modules import named_module
from dlmagic.magics.tensors.explain.pure import is_plain_tensor
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.rules.recurrent_state import of_one_state
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import tried

PATTERNS = (
    re.compile(r"Input batch size \d+ doesn't match hidden(?P<place>\d) batch size \d+"),
    re.compile(r"hidden(?P<place>\d) has inconsistent hidden_size"),
    re.compile(r"lstm_cell\(\): argument 'hx' \(position 2\) must be tuple of Tensors"),
)


_ANEW = (
    "Make the state anew for each batch, from its own size, or leave out the last, smaller batch: "
    "DataLoader(..., drop_last=True)."
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which of its axes differs, or that an LSTM begins with two states."""
    step = failure.inside("forward", "nn.modules.rnn")
    layer: Any = step.local("self") if step is not None else None
    site, call = failure.site, called(failure.site)
    given: Any = step.local("input") if step is not None else None
    if step is None or site is None or call is None or not hasattr(layer, "hidden_size"):
        return None
    name = named_module(layer, failure.sites)
    states = _states(site, call)
    if match.re is PATTERNS[-1]:
        return of_one_state(failure, name, states[0]) if len(states) == 1 else None
    if int(match["place"]) >= len(states):
        return None
    wrong = states[int(match["place"])]
    wanted = (given.shape[0], layer.hidden_size)
    if wrong.shape is None or wrong.shape == wanted:
        return None
    return Explained(
        kind="recurrent-state",
        message=(
            f"{name} begins with a state of (samples, features), here {wanted}; {wrong.name} is "
            f"{wrong.shape}."
        ),
        operands=(wrong,),
        candidates=tuple(_candidates(failure, site, wrong, states, wanted)),
    )


def _states(site: Site, call: Called) -> list[Operand]:
    """The states in the user's call, each of a tuple for itself."""
    state = call.argument(1, "hx")
    if state is None or state.node is None:
        return []
    nodes = state.node.elts if isinstance(state.node, ast.Tuple) else [state.node]
    return [operand(each, site) for each in nodes]


def _candidates(
    failure: Failure, site: Site, wrong: Operand, states: list[Operand], wanted: tuple[int, int]
) -> Iterator[Candidate]:
    shape = wrong.shape or ()
    if len(shape) != 2 or shape[1] != wanted[1]:
        yield Candidate(f"Make it of the shape that the layer takes: torch.zeros{wanted}.")
    elif shape[0] == 1:
        yield _stretched(site, wrong, states, wanted[0])
    else:
        yield _of_zeros(failure, site, wrong, wanted[0]) or Candidate(_ANEW)


def _stretched(site: Site, wrong: Operand, states: list[Operand], samples: int) -> Candidate:
    """The state of one sample for each of the others, too."""
    alike = [each for each in states if each.shape == wrong.shape and each.node is not None]
    codes = {
        each.node: f"{in_brackets(each.node, each.name)}.expand({samples}, -1)" for each in alike
    }
    return Candidate(
        f"Begin with the same state for each sample: {codes[wrong.node]}.",
        line_with(site, codes),
        lambda: tried(lambda state: state.expand(samples, -1), wrong.value),
    )


def _of_zeros(failure: Failure, site: Site, wrong: Operand, samples: int) -> Candidate | None:
    """The line that makes a state of zeros, with another number of samples."""
    origin = origin_of(wrong.node.id, site, failure) if isinstance(wrong.node, ast.Name) else None
    match origin.value if origin is not None else wrong.node:
        case ast.Call(function, [rows, _]) if ast.unparse(function).endswith("zeros"):
            place = origin.place if origin is not None else site
            if not is_plain_tensor(wrong.value) or bool(wrong.value.any()):
                return None  # it is carried on from batch to batch
            text = f"Make it for {samples} samples."
            return Candidate(text, line_with(place, {rows: str(samples)}), None, place)
    return None
