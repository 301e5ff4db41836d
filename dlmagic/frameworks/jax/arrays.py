"""An array of JAX as NumPy sees it."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from dlmagic.frameworks.jax.leaves import is_live_array
from dlmagic.frameworks.protocol import ArrayView

_FLOATS_OF_NUMPY = ("float16", "float32", "float64")


def as_array(value: object) -> ArrayView | None:
    """The numbers of an array; None for tracers and for arrays whose memory is gone.

    Types that NumPy lacks (bfloat16, float8) become float32, small integers (int4) int8. A
    random key becomes the numbers that it is made of. ``dtype`` is the array's own in every
    case, such as ``"key<fry>"``.
    """
    if not is_live_array(value):
        return None
    array: Any = value
    if jax.dtypes.issubdtype(array.dtype, jax.dtypes.prng_key):
        numbers = np.asarray(jax.random.key_data(array))
    else:
        numbers = _for_numpy(np.asarray(array))
    return ArrayView(str(array.dtype), tuple(array.shape), device_of(array), numbers)


def device_of(array: Any) -> str:
    """Such as ``"cpu"`` or ``"gpu:0"``; several devices by their number."""
    devices = sorted(array.devices(), key=lambda device: device.id)
    first = devices[0]
    if len(devices) > 1:
        return f"{first.platform} x {len(devices)}"
    return first.platform if first.platform == "cpu" else f"{first.platform}:{first.id}"


def _for_numpy(numbers: Any) -> Any:
    """The same numbers in a type that NumPy itself has."""
    if jax.numpy.issubdtype(numbers.dtype, np.floating):
        known = numbers.dtype.name in _FLOATS_OF_NUMPY
        return numbers if known else numbers.astype(np.float32)
    return numbers if numbers.dtype.kind in "biufc" else numbers.astype(np.int8)
