"""What made the values of a step of JAX infinite or NaN: the step is run again beside training."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlmagic.magics.watch.gathering import Piece
from dlmagic.magics.watch.jax.looking import INPUT, Looking
from dlmagic.magics.watch.jax.step import Given, Step
from dlmagic.magics.watch.jax.trees import are_taken
from dlmagic.magics.watch.sample_result import Culprit

_TRAIL = 8


def culprit_of(step: Step, number: int, given: Given | None, losses: list[float]) -> Culprit:
    """Where the first value that is not finite came from.

    Args:
        step: The user's function.
        number: The step.
        given: Its arguments; None where they are not known any more.
        losses: What it returned.
    """
    bad = [each for each in losses if not np.isfinite(each)]
    what = "NaN" if any(map(np.isnan, bad)) else "Inf"
    unknown = Culprit(number, "loss", "", "", 1, what, len(bad), len(losses), certain=False)
    if step.inner is None or given is None or are_taken(given.arrays):
        return unknown
    looking = Looking(step, exact=True)
    try:
        pieces, measured = looking.look(given)
    except Exception:  # it could not be run again
        return unknown
    return _first(number, looking, pieces, measured) or unknown


def _first(number: int, looking: Looking, pieces: list[Piece], measured: Any) -> Culprit | None:
    numbers = np.concatenate([each.counts[:, :4] for each in measured])
    extremes = np.concatenate([each.floats[:, 2:4] for each in measured])
    order = sorted(range(len(pieces)), key=lambda at: (_pass_of(pieces[at])[1], at))
    bad = [at for at in order if numbers[at, 1:3].any()]
    if not bad:
        return None
    at = bad[0]
    key, nan, inf = pieces[at].key, int(numbers[at, 1]), int(numbers[at, 2])
    calls = [each for each in range(at + 1) if pieces[each].key == key]
    before = [each for each in range(at) if _pass_of(pieces[each])[0] == "forward"][-_TRAIL:]
    return Culprit(
        step=number,
        pass_=_pass_of(pieces[at])[0],
        layer=key.layer,
        kind=looking.kinds.get(key.layer, ""),
        call=len(calls),
        what="NaN and Inf" if nan and inf else "NaN" if nan else "Inf",
        count=nan + inf,
        total=int(numbers[at, 1:4].sum()),
        parameter=key.parameter if key != INPUT else "",
        certain=key.quantity != "gradient",
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


def _pass_of(piece: Piece) -> tuple[Any, int]:
    if piece.key == INPUT:
        return "input", 0
    quantity = piece.key.quantity
    passes = {"weight": ("parameter", 1), "activation": ("forward", 2), "gradient": ("backward", 3)}
    return passes.get(quantity, ("unknown", 4))
