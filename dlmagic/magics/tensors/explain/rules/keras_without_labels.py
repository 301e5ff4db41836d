"""A model of Keras that is trained on data alone, where its loss compares with labels."""

from __future__ import annotations

import re

from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import keras_rules
from dlmagic.magics.tensors.explain.rule import Candidate, Explained

PATTERNS = (re.compile(r"None values not supported"),)
_METHODS = ("fit", "evaluate", "train_on_batch", "test_on_batch")


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which call has no labels."""
    call, known = called(failure.site), keras_rules()
    if call is None or call.owner is None or known is None or call.name not in _METHODS:
        return None
    data = call.argument(0, "x")
    labels = call.argument(1, "y")
    model = call.owner.value
    if known.is_compiled(model) is not True or not known.is_plain(model) or model.loss is None:
        return None
    if data is None or data.shape is None or (labels is not None and labels.value is not None):
        return None
    return Explained(
        kind="without-labels",
        message=(
            f"The loss of {call.owner.name} compares what it gives with labels, and {call.name} "
            f"gets {data.name} alone."
        ),
        operands=(data,),
        candidates=(Candidate(f"Hand in the labels, too: {call.name}({data.name}, y)."),),
    )
