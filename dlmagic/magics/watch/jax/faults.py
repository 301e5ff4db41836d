"""What made the values of a step of JAX infinite or NaN: the step is run again beside training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from dlmagic.magics.watch.gathering import Piece
from dlmagic.magics.watch.jax.looking import LOSS, Looking, is_input
from dlmagic.magics.watch.jax.received import Moment
from dlmagic.magics.watch.jax.step import Given, Step
from dlmagic.magics.watch.jax.trees import are_taken
from dlmagic.magics.watch.sample_result import Culprit

_TRAIL = 8


def culprit_of(
    step: Step, number: int, given: Given | None, losses: list[float], *, is_row: bool
) -> Culprit:
    """Where the first value that is not finite came from.

    Args:
        step: The user's function.
        number: The step.
        given: Its arguments; None where they are not known any more.
        losses: What it returned.
        is_row: Whether these are one array, as of the rounds of a ``lax.scan``.
    """
    bad = [at for at, each in enumerate(losses) if not np.isfinite(each)]
    what = "NaN" if any(np.isnan(losses[at]) for at in bad) else "Inf"
    first = bad[0] + 1 if is_row and bad else 1
    unknown = Culprit(number, "result", "", "", first, what, len(bad), len(losses), certain=False)
    if step.inner is None or given is None:
        return unknown
    if are_taken(given.arrays):
        return replace(unknown, pass_="donated")
    looking = Looking(step, exact=True)
    try:
        pieces, measured = looking.look(given)
    except Exception:  # it could not be run again
        return unknown
    return _first(number, looking, pieces, measured) or unknown


def _first(number: int, looking: Looking, pieces: list[Piece], measured: Any) -> Culprit | None:
    """The first that was not finite; None where that does not tell where it began."""
    numbers = np.concatenate([each.counts[:, :4] for each in measured])
    extremes = np.concatenate([each.floats[:, 2:4] for each in measured])
    order = _in_order(pieces, looking.moments())
    passes = [_pass_of(each)[0] for each in pieces]
    bad = [at for at in order if numbers[at, 1:3].any()]
    if not bad or (passes[bad[0]] == "loss" and "forward" not in passes):
        return None
    if passes[bad[0]] == "backward":
        now = looking.moments()[bad[0]]
        spoiled = [pieces[at] for at in bad if looking.moments()[at] == now]
        return _told_by_gradients(number, looking, spoiled, pieces)
    at = bad[0]
    key, nan, inf = pieces[at].key, int(numbers[at, 1]), int(numbers[at, 2])
    is_of_layer = key != LOSS and not is_input(key)
    until = order[: order.index(at)]
    before = [each for each in until if passes[each] == "forward"][-_TRAIL:]
    return Culprit(
        step=number,
        pass_=passes[at],
        layer=key.layer if is_of_layer else "",
        kind=looking.kinds.get(key.layer, "") if is_of_layer else "",
        call=1 + sum(pieces[each].key == key for each in until),
        what="NaN and Inf" if nan and inf else "NaN" if nan else "Inf",
        count=nan + inf,
        total=int(numbers[at, 1:4].sum()),
        parameter=key.parameter if is_of_layer else key.layer,
        trail=tuple(
            (
                pieces[each].key.layer,
                looking.kinds.get(pieces[each].key.layer, ""),
                float(np.abs(extremes[each]).min()),
                float(np.abs(extremes[each]).max()),
            )
            for each in before
        ),
    )


def _in_order(pieces: list[Piece], moments: list[Moment]) -> list[int]:
    """The places of the pieces in the order in which they came to be.

    What a step is given was there before. Where it differentiates several times, as for the two
    networks of a GAN, what follows the first gradients follows from them.
    """

    def when(at: int) -> tuple[int, Moment, int, int]:
        rank = _pass_of(pieces[at])[1]
        return min(rank, 2), moments[at], rank, at

    return sorted(range(len(pieces)), key=when)


def _told_by_gradients(
    number: int, looking: Looking, bad: list[Piece], pieces: list[Piece]
) -> Culprit | None:
    """The last layer with gradients that were not finite; None where no finite ones follow.

    On its way back a gradient spoils all layers that lie before the one where it went wrong. Where
    all are spoiled, or nobody knows their order, it can be anywhere, the loss included.
    """
    order = list(looking.kinds)
    keys = {each.key for each in pieces if _pass_of(each)[0] == "backward"}
    spoiled = {each.key for each in bad if each.key in keys}
    if not {each.layer for each in keys} <= set(order):
        return None
    last = max((each.layer for each in spoiled), key=order.index)
    if all(order.index(each.layer) <= order.index(last) for each in keys):
        return None
    kind, total = looking.kinds[last], len(keys)
    what = "NaN or Inf"
    return Culprit(number, "backward", last, kind, 1, what, len(spoiled), total, certain=False)


def _pass_of(piece: Piece) -> tuple[Any, int]:
    if piece.key == LOSS or is_input(piece.key):
        return ("loss", 3) if piece.key == LOSS else ("input", 0)
    quantity = piece.key.quantity
    passes = {"weight": ("parameter", 1), "activation": ("forward", 2), "gradient": ("backward", 4)}
    return passes.get(quantity, ("unknown", 5))
