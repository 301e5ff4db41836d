"""Weights and updates of a model whose steps show nothing else, as XLA compiles them."""

from __future__ import annotations

from typing import Any

from keras import ops

from dlmagic.magics.watch.gathering import Key, Piece
from dlmagic.magics.watch.keras import arrays
from dlmagic.magics.watch.keras.eager_steps import measure_tensors
from dlmagic.magics.watch.keras.layers import Found, parameters_of
from dlmagic.magics.watch.keras.subject import raw
from dlmagic.magics.watch.measures import Measured


class WeightsBefore:
    """The weights before a step, as far as they are looked at.

    Args:
        found: The model's layers.
        chosen: Those to measure.
        exact: Whether all values are looked at.
    """

    def __init__(self, found: Found, chosen: frozenset[str], *, exact: bool) -> None:
        self._exact = exact
        self._weights: list[tuple[str, str, Any]] = [
            (layer, name, raw(variable))
            for layer, each in found.layers.items()
            if layer in chosen
            for name, variable in parameters_of(each).items()
        ]
        variables = [variable for *_, variable in self._weights]
        self._before = [ops.copy(each) for each in arrays.look_at(variables, exact=exact)]

    def after(self) -> tuple[list[Piece], list[Measured]]:
        """What there was, and what the step has changed."""
        variables = [variable for *_, variable in self._weights]
        looked = arrays.look_at(variables, exact=self._exact)
        changed = [new - old for new, old in zip(looked, self._before, strict=True)]
        pieces = [
            Piece(Key(layer, quantity, name), tuple(map(int, variable.shape)))
            for quantity in ("weight", "update")
            for layer, name, variable in self._weights
        ]
        tensors = [*variables, *variables]
        return pieces, measure_tensors([*self._before, *changed], tensors, exact=self._exact)
