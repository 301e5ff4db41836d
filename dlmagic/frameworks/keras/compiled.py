"""How a model was compiled, and what its last layer gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras

from dlmagic.frameworks.description import told

SPARSE = "SparseCategoricalCrossentropy"
CATEGORICAL = frozenset({"CategoricalCrossentropy", "CategoricalFocalCrossentropy", SPARSE})
BINARY = frozenset({"BinaryCrossentropy", "BinaryFocalCrossentropy"})
_LAYERS = {"Softmax": "softmax", "Sigmoid": "sigmoid", "ReLU": "relu"}
"""Layers and functions that are an activation and have none."""


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        name: Of its class, such as ``"BinaryAccuracy"``.
        settings: Such as its threshold.
    """

    name: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Compiled:
    """A model with one output.

    Attributes:
        loss: Name of the loss's class, such as ``"BinaryCrossentropy"``.
        expects_scores: Whether it takes scores; None where that is no question.
        activation: Of the last layer; None where there is none to be seen.
        units: Numbers that the model gives for each sample.
        ignored: The class that the loss leaves out, or None.
        metrics: All of them.
    """

    loss: str
    expects_scores: bool | None
    activation: str | None
    units: int | None
    ignored: int | None = None
    metrics: tuple[Metric, ...] = ()


def compiled(model: object) -> Compiled | None:
    """None for what is no compiled model with one output, and for models of the user's own class.

    What these do with their last layer only they know.
    """
    if not isinstance(model, keras.Model):
        return None
    return told(lambda: _compiled(model))


def _compiled(model: Any) -> Compiled | None:
    if len(model.outputs) != 1 or model.loss is None:
        return None
    loss = keras.losses.get(model.loss)
    name = _name_of(loss)
    settings = told(lambda: loss.get_config()) or {}
    has_scores = name in CATEGORICAL | BINARY
    units = model.output_shape[-1]
    return Compiled(
        loss=name,
        expects_scores=bool(settings.get("from_logits", False)) if has_scores else None,
        activation=_activation(model),
        units=units,
        ignored=settings.get("ignore_class"),
        metrics=tuple(told(lambda: list(_metrics(model, name, units))) or ()),
    )


def _activation(model: Any) -> str | None:
    """What the layer or function applies that gives the output; None where that is not said."""
    last = (getattr(model, "operations", None) or model.layers)[-1]
    known = _LAYERS.get(type(last).__name__)
    name = known or getattr(getattr(last, "activation", None), "__name__", None)
    # As a layer of its own it only changes the type: what stands before it counts.
    return None if name == "linear" and isinstance(last, keras.layers.Activation) else name


def _metrics(model: Any, loss: str, units: int) -> Iterator[Metric]:
    settings = model.get_compile_config() or {}
    for part in ("metrics", "weighted_metrics"):
        for given in _flat(settings.get(part) or ()):
            if given in ("accuracy", "acc"):
                yield Metric(_accuracy(loss, units), {"threshold": 0.5})
                continue
            metric = keras.metrics.get(given)
            yield Metric(_name_of(metric), told(lambda: metric.get_config()) or {})  # noqa: B023


def _flat(given: Any) -> Iterator[Any]:
    if isinstance(given, list | tuple):
        for each in given:
            yield from _flat(each)
    elif isinstance(given, dict) and "class_name" not in given:
        yield from _flat(list(given.values()))
    elif given is not None:
        yield given


def _accuracy(loss: str, units: int) -> str:
    """What Keras makes of the word ``accuracy``."""
    if units == 1:
        return "BinaryAccuracy"
    return "SparseCategoricalAccuracy" if loss == SPARSE else "CategoricalAccuracy"


def _name_of(found: Any) -> str:
    """The name of a class, or that of the class that a function belongs to."""
    if isinstance(found, keras.losses.Loss | keras.metrics.Metric):
        return type(found).__name__
    return _joined(str(getattr(found, "__name__", type(found).__name__)).split("_"))


def _joined(words: Iterable[str]) -> str:
    return "".join(word[:1].upper() + word[1:] for word in words)
