"""Scores, or labels, where a loss takes probabilities from 0 to 1."""

from __future__ import annotations

import re

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.losses import loss_of
from dlmagic.magics.tensors.explain.rule import Explained

PATTERNS = (re.compile(r"all elements of (?P<which>input|target) should be between 0 and 1"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """How far they go, and the sigmoid that makes probabilities of scores."""
    loss = loss_of(failure)
    if loss is None:
        return None
    of_output = match["which"] == "input"
    wrong = loss.output if of_output else loss.target
    if wrong.value.device.type != "cpu" or not wrong.value.numel():
        return None
    least, most = float(wrong.value.min()), float(wrong.value.max())
    goes = f"is {least:.3g}" if least == most else f"goes from {least:.3g} to {most:.3g}"
    what = "probabilities" if of_output else "targets"
    text = "Make probabilities of the scores: {}."
    change = loss.with_output(text, ".sigmoid()", lambda x: x.sigmoid())
    more = "BCEWithLogitsLoss takes the scores themselves, and rounds less."
    return Explained(
        kind="not-probabilities",
        message=(f"{loss.name} takes {what} from 0 to 1; {wrong.name} {goes}."),
        operands=(wrong,),
        candidates=(change,) if of_output else (),
        notes=(more,) if of_output else (),
    )
