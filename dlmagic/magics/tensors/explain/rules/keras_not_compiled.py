"""A model of Keras that is trained before it is compiled."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import keras_rules
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand

PATTERNS = (
    re.compile(r"You must call `?compile\(\)`? before using the model"),
    re.compile(r"You must compile (your|a) model before (training|using)"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which model, and the loss that its outputs and labels ask for."""
    call, known, site = called(failure.site), keras_rules(), failure.site
    if call is None or call.owner is None or known is None or site is None:
        return None
    model = call.owner
    if known.is_compiled(model.value) is not False:
        return None
    labels = call.argument(1, "y")
    loss = _loss(known.output_of(model.value), labels)
    code = f'{model.name}.compile("adam", "{loss}"); {site.source}' if loss else None
    return Explained(
        kind="not-compiled",
        message=f"{model.name} has no loss and no optimizer yet: it was never compiled.",
        operands=tuple(each for each in (call.argument(0, "x"), labels) if each),
        candidates=(Candidate(f"Call {model.name}.compile(optimizer, loss) first.", code),),
    )


def _loss(outputs: tuple[int | None, ...] | None, labels: Operand | None) -> str | None:
    """The loss for labels of this kind; None where they do not tell."""
    shape = labels.shape if labels else None
    if outputs is None or labels is None or shape is None:
        return None
    values: Any = np.asarray(labels.value)
    if len(shape) == 1 and outputs[-1] != 1:
        return "sparse_categorical_crossentropy" if values.dtype.kind in "iu" else None
    if shape[1:] == outputs[1:] and outputs[-1] != 1:
        ones = np.all((values == 0) | (values == 1)) and np.all(values.sum(axis=-1) == 1)
        return "categorical_crossentropy" if ones else "mse"
    binary = values.size and np.all((values == 0) | (values == 1))
    return "binary_crossentropy" if binary else "mse"
