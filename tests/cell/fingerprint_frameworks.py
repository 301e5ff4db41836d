"""What TensorFlow, Keras, JAX and numba keep outside attributes, told independently of dlmagic."""

from __future__ import annotations

import hashlib
import sys
from typing import Any

import numpy as np

_INSIDE = {"tensorflow", "jax", "jaxlib", "numba"}
"""Packages whose objects are what they are: graphs, compiled code, immutable values."""
_WALKED = ("tensorflow.python.module", "tensorflow.python.trackable.data_structures")

Facts = dict[str, object]


def facts_of(value: Any) -> Facts | None:
    """The state of an object that is looked at no further, or None for any other."""
    root = type(value).__module__.partition(".")[0]
    if root not in _INSIDE or type(value).__module__.startswith(_WALKED):
        return None
    if root == "numba":
        return _of_numba(value)
    return _of_jax(value) if root != "tensorflow" else _of_tensorflow(value)


def _of_tensorflow(value: Any) -> Facts | None:
    import tensorflow

    if isinstance(value, tensorflow.Module):
        return None
    if isinstance(value, tensorflow.Variable):
        own = {name: id(item) for name, item in vars(value).items() if not name.startswith("_")}
        kind = (value.dtype.name, tuple(value.shape), value.trainable, value.ref())
        return {"kind": kind, "values": digest(value.numpy()), "own attributes": own}
    if isinstance(value, tensorflow.Tensor) and hasattr(value, "numpy"):
        return {"values": digest(value.numpy())}
    if isinstance(value, tensorflow.random.Generator):
        return {"state": digest(value.state.numpy())}
    return {}


def _of_jax(value: Any) -> Facts:
    import jax

    if not isinstance(value, jax.Array):
        return {}
    if value.is_deleted():
        return {"values": "deleted"}
    plain = (
        jax.random.key_data(value)
        if jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key)
        else value
    )
    return {"values": digest(np.asarray(plain)), "type": str(value.dtype)}


def _of_numba(value: Any) -> Facts:
    from numba import typed

    if isinstance(value, typed.List):
        return {"items": [_plain(item) for item in value]}
    if isinstance(value, typed.Dict):
        return {"items": [(key, _plain(item)) for key, item in value.items()]}
    return {}


def _plain(item: Any) -> object:
    """An item of a typed container, which makes a new object whenever it is asked."""
    if isinstance(item, np.ndarray):
        return item.ctypes.data, item.shape, digest(item)
    inner = _of_numba(item) if type(item).__module__.startswith("numba") else {}
    return inner or item


def ambient() -> dict[str, object]:
    """Global state of those of the frameworks that are loaded."""
    state: dict[str, object] = {}
    for name, read in (("tensorflow", _tensorflow), ("keras", _keras), ("jax", _jax)):
        if hasattr(sys.modules.get(name), "__version__"):
            state.update({f"{name}: {what}": fact for what, fact in read().items()})
    if "numba" in sys.modules:
        state["numba: threads"] = sys.modules["numba"].get_num_threads()
    return state


def _tensorflow() -> Facts:
    import tensorflow
    from tensorflow.python.eager import context
    from tensorflow.python.ops import stateful_random_ops

    here = context.context()
    drawn = getattr(here, "_rng", None)
    generator = stateful_random_ops.global_generator
    return {
        "functions run eagerly": tensorflow.config.functions_run_eagerly(),
        "seed": getattr(here, "_seed", None),
        "seeds of operations": None if drawn is None else hash(drawn.getstate()),
        "global generator": generator and (id(generator), digest(generator.state.numpy())),
    }


def _keras() -> Facts:
    import keras
    from keras.src.backend.common import global_state

    seeds = global_state.get_global_attribute("global_seed_generator")
    names = global_state.get_global_attribute("object_name_uids") or {}
    return {
        "float type": keras.config.floatx(),
        "epsilon": keras.config.epsilon(),
        "image format": keras.config.image_data_format(),
        "policy": keras.config.dtype_policy().name,
        "seeds": seeds and (id(seeds), digest(np.asarray(seeds.state))),
        "names given": dict(names),
        "interactive": keras.config.is_interactive_logging_enabled(),
    }


def _jax() -> Facts:
    import jax

    return {name: repr(value) for name, value in jax.config.values.items()}


def digest(values: Any) -> str:
    """The bytes of an array, or the texts in it."""
    array = np.asarray(values)
    content = repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
    return hashlib.sha256(content).hexdigest()[:16]
