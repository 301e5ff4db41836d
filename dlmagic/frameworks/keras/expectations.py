"""What a layer or a model of Keras takes, what it gives, and what it was compiled with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from dlmagic.frameworks.description import told
from dlmagic.frameworks.keras._compat import maker_of

_Shape = tuple[int | None, ...]
_VARIABLES = ("trainable_variables", "trainable_weights", "variables", "weights")


@dataclass(frozen=True)
class Expected:
    """What a layer takes.

    Attributes:
        name: The layer's own name.
        axes: How many axes, where that is fixed.
        at_least: The fewest axes.
        lengths: The length of axes that are fixed, by their position; the last is -1.
    """

    name: str
    axes: int | None = None
    at_least: int | None = None
    lengths: dict[int, int] = field(default_factory=dict)

    def takes(self, shape: Sequence[int | None]) -> bool:
        """Whether a shape is right."""
        count = len(shape)
        if self.axes not in (None, count) or count < (self.at_least or 0):
            return False
        places = [axis for axis in self.lengths if -count <= axis < count]
        return all(shape[axis] in (None, self.lengths[axis]) for axis in places)


def is_layer(value: object) -> bool:
    """Whether the value is a layer or a model."""
    return isinstance(value, keras.Layer)


def is_kind_of_layer(value: object) -> bool:
    """Whether the value is a class of layers, or what makes an input."""
    return value is keras.Input or (isinstance(value, type) and issubclass(value, keras.Layer))


def is_chain(value: object) -> bool:
    """Whether the value is the class of models that are a chain of layers."""
    return value is keras.Sequential


def is_last_step(value: object) -> bool:
    """Whether it is what a recurrent layer gives that keeps its last step alone."""
    maker = maker_of(value) if isinstance(value, keras.KerasTensor) else None
    recurrent = isinstance(maker, keras.layers.RNN | keras.layers.Bidirectional)
    return recurrent and not getattr(maker, "return_sequences", True)


def expected_by(layer: Any) -> Expected | None:
    """What a layer or a model with one input takes; None where it has not said."""
    shape = told(lambda: layer.input_shape) if isinstance(layer, keras.Model) else None
    if isinstance(shape, tuple) and shape and not isinstance(shape[0], tuple):
        return Expected(layer.name, len(shape), None, _lengths(shape))
    return expected_of(getattr(layer, "input_spec", None), layer.name)


def expected_of(specification: Any, name: str) -> Expected | None:
    """What a layer's specification of one input says."""
    if isinstance(specification, list | tuple):
        specification = specification[0] if len(specification) == 1 else None
    if specification is None:
        return None
    axes = told(lambda: dict(specification.axes)) or {}
    shape = specification.shape
    if shape is not None:
        return Expected(name, len(shape), None, _lengths(shape))
    fixed = {int(axis): length for axis, length in axes.items() if length is not None}
    return Expected(name, specification.ndim, specification.min_ndim, fixed)


def _lengths(shape: Sequence[int | None]) -> dict[int, int]:
    return {axis: length for axis, length in enumerate(shape) if length is not None and axis}


def is_plain(layer: Any) -> bool:
    """Whether the layer is built, and it and all within it are Keras's own code."""
    own = bool(layer.built) and type(layer).__module__.startswith("keras.")
    return own and all(is_plain(each) for each in _layers_of(layer))


def output_for(layer: Any, shape: Sequence[int | None]) -> _Shape | None:
    """The shape that a plain layer gives for a shape; None where it refuses."""
    given = keras.KerasTensor(tuple(shape), name="trial")
    result = told(lambda: layer.compute_output_spec(given))
    return told(lambda: tuple(result.shape)) if result is not None else None


def output_of(model: Any) -> _Shape | None:
    """The shape that a model with one output gives."""
    shape = told(lambda: model.output_shape)
    return shape if isinstance(shape, tuple) and shape and type(shape[0]) is not tuple else None


def outputs_of(model: Any) -> list[str]:
    """The names of a model's outputs, as a loss or labels in a dict may name them."""
    outputs = told(lambda: model.output) if isinstance(model, keras.Model) else None
    if isinstance(outputs, dict):
        return [str(each) for each in outputs]
    names = told(lambda: list(model.output_names))
    return [str(each) for each in names or ()]


def variables_of(model: Any, attribute: str) -> list[Any]:
    """What a model or layer that is Keras's own gives for ``trainable_variables`` and the like."""
    if not is_layer(model) or attribute not in _VARIABLES or not is_plain(model):
        return []
    return list(told(lambda: getattr(model, attribute)) or ())


def names_of(kind: str) -> list[str]:
    """What Keras knows by name of a kind, such as ``"loss"`` or ``"optimizer"``."""
    modules = {
        "optimizer": keras.optimizers,
        "loss": keras.losses,
        "metric": keras.metrics,
        "activation": keras.activations,
        "initializer": keras.initializers,
    }
    module: Any = modules.get(kind)
    names = [each for each in dir(module) if not each.startswith("_")] if module else []
    lower = [each.lower() for each in names] if kind == "optimizer" else names
    special = ["accuracy"] if kind == "metric" else []
    known = [each for each in lower if each not in ("get", "serialize", "deserialize")]
    return [*special, *(each for each in known if told(lambda: module.get(each)) is not None)]  # noqa: B023


def loss_of(model: Any) -> object | None:
    """The loss that a model was compiled with."""
    return getattr(model, "loss", None)


def is_compiled(model: Any) -> bool | None:
    """Whether a model was compiled; None for what is no model."""
    return bool(getattr(model, "compiled", False)) if isinstance(model, keras.Model) else None


def _layers_of(layer: Any) -> list[Any]:
    return list(layer.layers) if isinstance(layer, keras.Model) else []
