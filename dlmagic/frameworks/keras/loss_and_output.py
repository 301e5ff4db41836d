"""Whether the loss of a compiled model expects what its last layer gives."""

from __future__ import annotations

from typing import Any

import keras

from dlmagic.frameworks.description import told

_SCORES = frozenset({"linear"})
_PROBABILITIES = frozenset({"softmax", "sigmoid"})
_CROSS_ENTROPIES = frozenset(
    {"BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy"}
)


def problem_of(value: object) -> tuple[str, str] | None:
    """What does not fit, to follow the model's name, and what to do about it.

    None where all fits, or nobody can tell.
    """
    if not isinstance(value, keras.Model):
        return None
    loss, activation, units = told(lambda: _compiled(value)) or (None, None, None)
    if loss is None or activation is None:
        return None
    if activation == "softmax" and units == 1:
        return (
            "ends in a softmax over one unit, which is 1 whatever goes in",
            'Take activation="sigmoid", or a unit for each class.',
        )
    if activation in _SCORES and not loss:
        return (
            "ends in scores, and its loss expects probabilities (from_logits=False)",
            "Make the loss with from_logits=True, or end the model in a softmax or sigmoid.",
        )
    if activation in _PROBABILITIES and loss:
        return (
            f"ends in {activation}, and its loss expects scores (from_logits=True)",
            f"Make the loss with from_logits=False, or leave the {activation} out.",
        )
    return None


def _compiled(model: Any) -> tuple[bool | None, str | None, int | None]:
    """Whether the loss expects scores; the last layer's activation; and its units."""
    loss = keras.losses.get(model.loss)
    name = getattr(loss, "__name__", type(loss).__name__)
    if not isinstance(loss, keras.losses.Loss):  # a function: "binary_crossentropy"
        name = "".join(part.capitalize() for part in str(name).split("_"))
    expects = None
    if name in _CROSS_ENTROPIES:
        settings = told(lambda: loss.get_config()) or {}
        expects = bool(settings.get("from_logits", False))
    last = model.layers[-1]
    activation = getattr(getattr(last, "activation", None), "__name__", None)
    return expects, activation, getattr(last, "units", None)
