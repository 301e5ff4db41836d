"""The labels and the outputs that a loss of Keras or TensorFlow compares."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import keras_rules
from dlmagic.magics.tensors.explain.rule import Operand

_MOST = 1_000_000
_LOSSES = re.compile(r"loss|entropy|error|hinge|huber|poisson|divergence|logcosh|cosine")


@dataclass(frozen=True)
class Compared:
    """What a loss compares.

    Attributes:
        labels: The labels.
        outputs: The outputs, or None where a model makes them.
        shape: The shape of the outputs; None for the axis of the batch.
        loss: What the loss is called, in lower case and without underscores.
        call: The user's call.
        model: The model that is trained, or None.
    """

    labels: Operand
    outputs: Operand | None
    shape: tuple[int | None, ...]
    loss: str
    call: Called
    model: Operand | None = field(default=None, repr=False)

    @property
    def classes(self) -> int | None:
        """How many outputs there are for each sample."""
        return self.shape[-1] if len(self.shape) > 1 else None

    @property
    def numbers(self) -> Any:
        """The labels as an array of NumPy, or None where they are many or have none."""
        known = self.labels.description
        if known is None or known.nbytes is None or known.nbytes > 8 * _MOST:
            return None
        return told(lambda: np.asarray(self.labels.value))

    @property
    def is_sparse(self) -> bool:
        """Whether the loss takes class ids."""
        return "sparse" in self.loss

    @property
    def is_categorical(self) -> bool:
        """Whether the loss takes one row of probabilities for each sample."""
        return not self.is_sparse and ("categorical" in self.loss or "softmax" in self.loss)


def compared(failure: Failure) -> Compared | None:
    """What the loss of the failed expression compares."""
    call = called(failure.site)
    if call is None:
        return None
    return _in_training(call) or _in_a_loss(call)


def _in_training(call: Called) -> Compared | None:
    known = keras_rules()
    model, labels = call.owner, call.argument(1, "y")
    if known is None or model is None or labels is None or not known.is_layer(model.value):
        return None
    shape, loss = known.output_of(model.value), known.loss_of(model.value)
    if shape is None or loss is None:
        return None
    return Compared(labels, None, shape, _plain(_named(loss)), call, model)


def _in_a_loss(call: Called) -> Compared | None:
    labels, outputs = call.argument(0, "labels", "y_true"), call.argument(1, "logits", "y_pred")
    if labels is None or outputs is None or outputs.shape is None or labels.description is None:
        return None
    name = _plain(_named(call.function) if isinstance(call.node.func, ast.Name) else call.name)
    if isinstance(call.node.func, ast.Call):
        name = _plain(ast.unparse(call.node.func.func).rpartition(".")[2])
    return Compared(labels, outputs, outputs.shape, name, call) if _LOSSES.search(name) else None


def _named(loss: object) -> str:
    if isinstance(loss, str):
        return loss
    return str(getattr(loss, "__name__", type(loss).__name__))


def _plain(name: str) -> str:
    return name.lower().replace("_", "")
