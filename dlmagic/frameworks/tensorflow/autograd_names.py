"""What the user calls variables and tensors; the weights of a Keras model by way of its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from dlmagic.frameworks.named import Named, named_arrays
from dlmagic.frameworks.tensorflow.arrays import is_eager


def names_of(namespace: Mapping[str, object]) -> dict[int, tuple[str, Any]]:
    """The name of each variable and tensor, by its identity; of a variable, by its handle's."""
    found: Named = {}
    for name, value in list(namespace.items()):
        if not name.startswith("_"):
            found.update(_weights(name, value))
    for key, (name, value) in named_arrays(namespace, _is_tensor).items():
        own = id(value.handle) if isinstance(value, tf.Variable) else key
        found.setdefault(own, (name, value))
    return found


def _is_tensor(value: object) -> bool:
    return isinstance(value, tf.Variable) or is_eager(value)


def _weights(name: str, value: Any) -> Named:
    """The weights of a layer or model of Keras: ``model.dense.kernel``."""
    if not _is_keras(type(value)):
        return {}
    found: Named = {}
    for weight in getattr(value, "variables", ()):
        variable, path = getattr(weight, "value", None), getattr(weight, "path", "")
        if isinstance(variable, tf.Variable):
            first, _, rest = path.partition("/")
            inside = rest if first == getattr(value, "name", "") else path
            found[id(variable.handle)] = f"{name}.{inside.replace('/', '.')}", variable
    return found


def _is_keras(kind: type) -> bool:
    return any(base.__module__.partition(".")[0] == "keras" for base in kind.__mro__)
