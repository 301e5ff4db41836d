"""The layers of a Keras model by their paths, and whose each variable is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from dlmagic.frameworks.keras import _compat as compat
from dlmagic.magics.watch.gathering import About
from dlmagic.magics.watch.watcher import Layer

_LOOPS = (keras.layers.RNN, keras.layers.TimeDistributed)
_CAN_BE_ZERO = frozenset({"relu", "relu6", "ReLU", "threshold", "hard_shrink", "squared_relu"})


@dataclass(frozen=True)
class Found:
    """The layers of a model.

    Attributes:
        layers: By their paths, in the model's order; the model itself has an empty one.
        also: Other paths of the same layers.
    """

    layers: dict[str, Any]
    also: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def told(self) -> tuple[Layer, ...]:
        """As a session shows them."""
        return tuple(
            Layer(
                name,
                type(layer).__name__,
                self.also.get(name, ()),
                _size_of(layer),
                unbuilt=_may_add_variables(layer),
                loops=isinstance(layer, _LOOPS),
            )
            for name, layer in self.layers.items()
        )

    def about(self, hidden: Collection[str] = ()) -> dict[str, About]:
        """As a sample needs them.

        Args:
            hidden: Layers that are known to be hidden ones.
        """
        return {
            name: About(
                type(layer).__name__,
                self.also.get(name, ()),
                tuple(parameters_of(layer)),
                activation_of(layer) if name in hidden else "",
                groups_of(layer),
            )
            for name, layer in self.layers.items()
        }

    def models(self) -> frozenset[str]:
        """The paths of those that are models, which have outputs of their own."""
        return frozenset(
            name for name, layer in self.layers.items() if isinstance(layer, keras.Model)
        )

    def owners(self) -> dict[int, tuple[str, str]]:
        """Layer and parameter's name of each trainable variable, by its id.

        TensorFlow's own variable behind one of Keras has an entry, too.
        """
        found: dict[int, tuple[str, str]] = {}
        for name, layer in self.layers.items():
            for parameter, variable in parameters_of(layer).items():
                for each in (variable, compat.value_of(variable)):
                    found.setdefault(id(each), (name, parameter))
        return found


def layers_in(model: Any) -> Found:
    """All layers of a model, each once, by the path of their names."""
    found: dict[str, Any] = {}
    also: dict[str, tuple[str, ...]] = {}
    names: dict[int, str] = {}
    for name, layer in _walk(model, "", ()):
        first = names.setdefault(id(layer), name)
        if first == name:
            found[name] = layer
        else:
            also[first] = (*also.get(first, ()), name)
    return Found(found, also)


def _walk(layer: Any, path: str, above: tuple[int, ...]) -> Iterator[tuple[str, Any]]:
    yield path, layer
    taken: set[str] = set()
    for part in compat.parts_of(layer):
        hidden = isinstance(part, keras.layers.InputLayer) or not isinstance(part, keras.Layer)
        if hidden or id(part) in above:
            continue
        name = _free(f"{path}/{part.name}" if path else part.name, taken)
        taken.add(name)
        yield from _walk(part, name, (*above, id(layer)))


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}#{number}"
    return free


def parameters_of(layer: Any) -> dict[str, Any]:
    """The trainable variables that a layer has itself, by their names."""
    found: dict[str, Any] = {}
    for variable in compat.own_variables(layer):
        if variable.trainable and compat.value_of(variable) is not None:
            found[_free(variable.name, set(found))] = variable
    return found


def _size_of(layer: Any) -> int:
    return sum(int(np.prod(each.shape)) for each in parameters_of(layer).values())


def _may_add_variables(layer: Any) -> bool:
    """Whether a layer is still to be built by a method of the user's."""
    return not layer.built and not compat.is_of_keras(type(layer).build)


def activation_of(layer: Any) -> str:
    """The function that a layer ends with; empty where it has none, or may not end with it.

    A gate follows that of an LSTM or GRU, and what a class of the user's does nobody knows.
    """
    if not compat.is_of_keras(type(layer)) or hasattr(layer, "recurrent_activation"):
        return ""
    return str(getattr(getattr(layer, "activation", None), "__name__", ""))


def groups_of(layer: Any) -> int:
    """In how many groups a layer normalises each example; 0 where it has none."""
    is_of_groups = isinstance(layer, keras.layers.GroupNormalization)
    return max(int(layer.groups), 0) if is_of_groups else 0


def unit_axis(layer: Any) -> int | None:
    """The axis of a layer's outputs along which its units lie; None where none can be dead."""
    activation = getattr(layer, "activation", None)
    names = {type(layer).__name__, getattr(activation, "__name__", "")}
    if not names & _CAN_BE_ZERO or getattr(layer, "negative_slope", False):
        return None
    return 1 if getattr(layer, "data_format", "") == "channels_first" else -1
