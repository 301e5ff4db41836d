"""Saving one variable of Keras; what is in it, the backend's adapter saves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np

from dlmagic.cell.saved import SavedAttributes
from dlmagic.frameworks.keras import _compat as compat
from dlmagic.frameworks.protocol import NUDGE, Saved


class SavedVariable(SavedAttributes):
    """A variable's attributes; the backend's own array or variable is one of them.

    Args:
        variable: The variable.
    """

    def __init__(self, variable: Any) -> None:
        super().__init__(variable)
        self.variable = variable

    def children(self) -> Iterable[tuple[str, object]]:
        """The backend's value under the variable's own name, then the other attributes."""
        yield "", compat.value_of(self.variable)
        yield from super().children()


def variables_in(saved: Sequence[Saved]) -> list[Any]:
    """The variables among what was saved."""
    return [item.variable for item in saved if isinstance(item, SavedVariable)]


def nudge(variables: Iterable[Any], seed: int) -> None:
    """Move floating-point variables by a few rounding errors of their type; zeros stay zeros."""
    numbers = np.random.default_rng(seed)
    for variable in variables:
        if is_float(variable):
            value = np.asarray(keras.ops.convert_to_numpy(variable.value), dtype=np.float64)
            steps = numbers.uniform(-1, 1, value.shape)
            variable.assign(value * (1 + NUDGE * np.finfo(np.float32).eps * steps))


def is_float(variable: Any) -> bool:
    """Whether a variable holds floating-point numbers."""
    return bool(keras.backend.is_float_dtype(variable.dtype))
