"""A state that a recurrent layer cannot begin with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from dlmagic.magics.tensors.explain.arguments import given
from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.modules import (
    Constructor,
    Found,
    constructor_of,
    found_module,
)
from dlmagic.magics.tensors.explain.pure import is_plain_tensor
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.values import MISSING

PATTERNS = (
    re.compile(r"Expected hidden(\[\d\])? size \((?P<wanted>[\d, ]+)\), got \[(?P<got>[\d, ]+)\]"),
    re.compile(r"index 1 is out of bounds for dimension 0 with size 1"),
    re.compile(r"hx and cx should also be \d-D but got"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which of its axes differs, or that an LSTM begins with two states."""
    step = failure.inside("forward", "nn.modules.rnn")
    layer: Any = step.local("self") if step is not None else None
    state = step.local("hx") if step is not None else None
    if step is None or layer is None:
        return None
    module = found_module(layer, failure.sites)
    name = module.name if module is not None else f"The {type(layer).__name__} layer"
    if layer.mode == "LSTM" and is_plain_tensor(state):
        return of_one_state(failure, name, given(failure, state, 1, "the state"))
    if "wanted" not in match.groupdict() or not step.local("is_batched"):
        return None
    wanted, got = (_numbers(match[each]) for each in ("wanted", "got"))
    if len(got) != 3 or len(wanted) != 3:
        return None
    rows = step.local("input") if step.local("batch_sizes") is None else None
    handed = _handed(failure, got)
    return Explained(
        kind="recurrent-state",
        message=(
            f"{name} begins with a state of (layers and directions, samples, features), here "
            f"{wanted}; {handed.name} is {got}."
        ),
        operands=(handed,),
        candidates=tuple(_candidates(failure, layer, module, rows, wanted, got)),
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(each) for each in text.split(","))


def _handed(failure: Failure, got: tuple[int, ...]) -> Operand:
    """The state of that shape in the user's call, alone or in a tuple."""
    written = (each for each in _written(called(failure.site), failure) if each.shape == got)
    return next(written, Operand("its state", MISSING))


def _written(call: Called | None, failure: Failure) -> list[Operand]:
    """The states in the user's call, each of a tuple for itself."""
    state = call.argument(1, "hx") if call is not None else None
    site = failure.site
    if state is None or site is None:
        return []
    nodes = state.node.elts if isinstance(state.node, ast.Tuple) else [state.node]
    return [operand(each, site) for each in nodes if each is not None]


def of_one_state(failure: Failure, name: str, state: Operand) -> Explained:
    """An LSTM, or one step of it, that is given one of its two states."""
    line = None
    if state.node is not None:
        both = f"({state.name}, torch.zeros_like({state.name}))"
        line = line_with(failure.site, {state.node: both})
    return Explained(
        kind="recurrent-state",
        message=(
            f"{name} is an LSTM, which begins with two states, (h, c); {state.name} is one tensor."
        ),
        operands=(state,),
        candidates=(Candidate("Give it both, as a tuple.", line),),
    )


def _candidates(
    failure: Failure,
    layer: Any,
    module: Found | None,
    rows: Any,
    wanted: tuple[int, ...],
    got: tuple[int, ...],
) -> Iterator[Candidate]:
    if got[0] != wanted[0] or got[2] != wanted[2]:
        yield Candidate(f"Make it of the shape that the layer takes: torch.zeros{wanted}.")
        return
    if not layer.batch_first and is_plain_tensor(rows) and rows.shape[0] == got[1]:
        made = constructor_of(module, failure)
        line = _with_batch_first(made)
        text = "Its samples stand along the second axis; where they come first: batch_first=True."
        yield Candidate(
            text, line, None, made.place if line is not None and made is not None else None
        )
        return
    line = _without_zeros(failure, layer)
    if line is not None:
        text = "It is all zeros, which the layer begins with by itself: leave it out."
        yield Candidate(text, line)
        return
    yield Candidate(
        "Make the state anew for each batch, from its own size, or leave out the last, smaller "
        "batch: DataLoader(..., drop_last=True)."
    )


def _with_batch_first(made: Constructor | None) -> str | None:
    if made is None or any(each.arg == "batch_first" for each in made.call.keywords):
        return None
    return line_with(made.place, {made.call: f"{ast.unparse(made.call)[:-1]}, batch_first=True)"})


def _without_zeros(failure: Failure, layer: Any) -> str | None:
    """The line without a state that holds only zeros."""
    site = failure.site
    call = called(site)
    if (
        site is None
        or call is None
        or len(call.arguments) != 2
        or value_of(call.node.func, site) is not layer
    ):
        return None
    states = _written(call, failure)
    if not states or not all(_is_zeros_made_here(each, failure) for each in states):
        return None
    alone = f"{ast.unparse(call.node.func)}({call.arguments[0].name})"
    return line_with(site, {call.node: alone})


def _is_zeros_made_here(state: Operand, failure: Failure) -> bool:
    """Whether it is zeros that no call has changed: one that is carried on begins as zeros, too."""
    if failure.site is None or not is_plain_tensor(state.value) or bool(state.value.any()):
        return False
    origin = None
    if isinstance(state.node, ast.Name):
        origin = origin_of(state.node.id, failure.site, failure)
    made = origin.value if origin is not None else state.node
    return isinstance(made, ast.Call) and ast.unparse(made.func).endswith(("zeros", "zeros_like"))
