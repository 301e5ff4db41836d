"""Models, layers and variables of Keras as their metadata show them."""

from __future__ import annotations

from typing import Any

import keras

from dlmagic.frameworks.description import Description, told


def describe(value: object) -> Description | None:
    """See :meth:`dlmagic.frameworks.description.Describer.describe`.

    A variable of Keras is described here, whatever its backend; what it wraps is the backend's.
    """
    if isinstance(value, keras.KerasTensor):
        axes = tuple("?" if axis is None else int(axis) for axis in value.shape)
        return Description("KerasTensor", axes, str(value.dtype), remark="symbolic")
    if not isinstance(value, keras.Variable):
        return None
    found: Any = value
    return Description(
        kind="Variable",
        shape=told(lambda: tuple(map(int, found.shape))),
        dtype=told(lambda: str(found.dtype)),
        requires_grad=bool(found.trainable),
        nbytes=told(lambda: _elements(found) * _item_bytes(str(found.dtype))),
    )


def parts_of(value: object) -> list[object] | None:
    """The variables of a layer or model; of an optimiser, its own."""
    if isinstance(value, keras.Layer):
        return list(value.weights)
    if isinstance(value, keras.optimizers.Optimizer):
        return list(value.variables)
    return None


def _elements(variable: Any) -> int:
    count = 1
    for axis in variable.shape:
        count *= int(axis)
    return count


def _item_bytes(dtype: str) -> int:
    digits = "".join(filter(str.isdigit, dtype.partition("_")[0]))
    return max(1, int(digits or 8) // 8)
