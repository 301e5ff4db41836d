"""Whether the loss of a compiled model expects what its last layer gives."""

from __future__ import annotations

from dlmagic.frameworks.keras.compiled import CATEGORICAL, Compiled, compiled

_PROBABILITIES = frozenset({"softmax", "sigmoid"})
_NEITHER = frozenset(
    {"relu", "tanh", "elu", "selu", "gelu", "silu", "softplus", "softsign", "leaky_relu"}
)
_FIT = "Make both fit: scores with from_logits=True, or probabilities with from_logits=False."
_UNITS = "Give each class a unit of its own, or use a sigmoid with BinaryCrossentropy."


def problem_of(value: object) -> tuple[str, str] | None:
    """What does not fit, to follow the model's name, and what to do about it.

    None where all does, or nobody can tell.
    """
    model = compiled(value)
    return None if model is None or model.activation is None else _problem(model)


def _problem(model: Compiled) -> tuple[str, str] | None:
    ends, expects = f"ends in {model.activation}", model.expects_scores
    if model.activation == "softmax" and model.units == 1:
        return "ends in a softmax over one unit, which is 1 whatever goes in", _UNITS
    if model.loss in CATEGORICAL and model.units == 1:
        return f"has one unit, and {model.loss} is 0 where there is one class", _UNITS
    if model.activation == "linear" and expects is False:
        return "ends in scores, and its loss expects probabilities (from_logits=False)", _FIT
    if model.activation in _PROBABILITIES and expects:
        return f"{ends}, and its loss expects scores (from_logits=True)", _FIT
    if model.activation in _NEITHER and expects is False:
        return f"{ends}, and its loss expects probabilities (from_logits=False)", _FIT
    if model.activation == "sigmoid" and model.loss in CATEGORICAL:
        advice = "Use a softmax for one class of several, or BinaryCrossentropy for several at once"
        return f"{ends}, and its loss expects probabilities that sum to 1", f"{advice}."
    return None
