"""The layers of a model of Keras as they lie in it, under the names that they have there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from dlmagic.frameworks.keras import _compat as compat
from dlmagic.frameworks.keras.description import describe
from dlmagic.magics.watch.summary.calls import Holder, Weight


def layers_of(model: Any) -> dict[str, Any]:
    """Every layer by its path, each once; what only stands for an input is left out."""
    found: dict[str, Any] = {"": model}
    seen = {id(model)}
    _collect(model, "", found, seen)
    return found


def _collect(outer: Any, path: str, found: dict[str, Any], seen: set[int]) -> None:
    for layer in _inside(outer):
        if id(layer) in seen or isinstance(layer, keras.layers.InputLayer):
            continue
        seen.add(id(layer))
        own = _free(f"{path}.{layer.name}".lstrip("."), found)
        found[own] = layer
        _collect(layer, own, found, seen)


def _inside(layer: Any) -> list[Any]:
    parts = layer.layers if isinstance(layer, keras.Model) else compat.parts_of(layer)
    return [part for part in parts if isinstance(part, keras.Layer)]


def _free(path: str, taken: dict[str, Any]) -> str:
    """Layers of a subclass may have the same name."""
    number, free = 1, path
    while free in taken:
        number += 1
        free = f"{path}_{number}"
    return free


def holders_of(model: Any, layers: dict[str, Any]) -> tuple[Holder, ...]:
    """What each layer holds; trained is what the model would train."""
    trained = {id(weight) for weight in model.trainable_weights}
    return tuple(_holder(path, layer, trained) for path, layer in layers.items())


def _holder(path: str, layer: Any, trained: set[int]) -> Holder:
    own = {id(variable) for variable in compat.own_variables(layer)}
    inside = tuple(_weights(layer, trained))
    return Holder(
        path=path,
        kind=type(layer).__name__,
        own=tuple(weight for weight in inside if weight.identity in own),
        inside=inside,
    )


def _weights(layer: Any, trained: set[int]) -> Iterator[Weight]:
    for variable in layer.weights:
        known = describe(variable)
        size = _size(variable)
        nbytes = (known.nbytes if known is not None else None) or 0
        yield Weight(id(variable), variable.name, size, nbytes, id(variable) in trained)


def _size(variable: Any) -> int:
    size = 1
    for axis in variable.shape:
        size *= int(axis)
    return size


def is_built(model: Any, layers: dict[str, Any]) -> bool:
    """Whether all layers have their parameters."""
    return bool(model.built) and all(layer.built for layer in layers.values())
