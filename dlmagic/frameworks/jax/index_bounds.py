"""Whether an operation of JAX reads places that there are: it raises nothing where it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from dlmagic.frameworks.hearing import SMALL


def is_within(name: str, inputs: Sequence[Any], params: Mapping[str, Any]) -> bool | None:
    """Whether all that is read lies in the array.

    None for what reads no places, where the user has said what happens beyond the end, and where
    asking would wait for a device.
    """
    if name == "gather" and _is_left_open(params.get("mode")) and _is_at_hand(inputs[1]):
        axes = params["dimension_numbers"].start_index_map
        sizes = [params["slice_sizes"][axis] for axis in axes]
        starts = np.asarray(inputs[1])
    elif name == "dynamic_slice" and all(map(_is_at_hand, inputs[1:])):
        axes, sizes = tuple(range(inputs[0].ndim)), list(params["slice_sizes"])
        starts = np.asarray([int(each) for each in inputs[1:]])
    else:
        return None
    last = np.asarray([inputs[0].shape[axis] for axis in axes]) - np.asarray(sizes)
    return bool(((starts >= 0) & (starts <= last)).all())


def _is_left_open(mode: Any) -> bool:
    return bool(mode == jax.lax.GatherScatterMode.PROMISE_IN_BOUNDS)


def _is_at_hand(places: Any) -> bool:
    """Whether they are few, and no device is waited for."""
    if not isinstance(places, jax.Array):
        return True
    return places.size <= SMALL and all(each.platform == "cpu" for each in places.devices())
