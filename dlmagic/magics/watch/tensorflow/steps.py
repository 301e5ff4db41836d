"""Steps that are written into a graph of TensorFlow: what they measure, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from dlmagic.magics.watch.gathering import Key, Piece
from dlmagic.magics.watch.keras import arrays
from dlmagic.magics.watch.keras.faults import Suspect, suspects_of, tensors_of
from dlmagic.magics.watch.keras.subject import Output, Subject, Weight, raw
from dlmagic.magics.watch.measures import Measured
from dlmagic.magics.watch.tensorflow import recorder
from dlmagic.magics.watch.tensorflow.sharing import Sharing

Axes = Mapping[str, int | None]
"""Along which axis the units of each layer lie; None where none can be dead."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What one graph measures in a step.

    Attributes:
        pieces: The rows, of outputs, gradients and weights, then of updates.
        units: How many units each output has.
        before: Where it writes what there is before the weights change.
        after: Where it writes what has changed.
        suspects: The tensors that may not be finite.
        faults: Where it writes what is wrong with them.
    """

    pieces: tuple[Piece, ...]
    units: tuple[int, ...]
    before: recorder.Table
    after: recorder.Table
    suspects: tuple[Suspect, ...]
    faults: Any

    def read(self) -> tuple[list[Piece], list[Measured]]:
        """What it has measured last."""
        measured = [self.before.read(), self.after.read()]
        totals = np.concatenate([each.totals for each in measured])
        found, start = self.before.read_units(), 0
        pieces = []
        for place, piece in enumerate(self.pieces):
            count = self.units[place] if place < len(self.units) else 0
            units = found[start : start + count] if count else None
            start += count
            pieces.append(Piece(piece.key, _known(piece.shape, int(totals[place])), units))
        return pieces, measured


class GraphSteps:
    """All plans of one model, and the state that their graphs share.

    Args:
        exact: Whether all values are looked at.
        axes: Where the units of each layer's outputs lie.
    """

    def __init__(self, *, exact: bool, axes: Axes) -> None:
        self.state = recorder.State()
        self.plans: list[Plan | None] = []
        """None where XLA compiles the step."""
        self._sharing = Sharing()
        self._exact, self._axes = exact, axes

    def write(self, go_on: Callable[[], Any], subject: Subject, chosen: Collection[str]) -> Any:
        """Write a step down, with what it measures around it.

        Args:
            go_on: Writes the step itself.
            subject: What it has.
            chosen: The layers to measure.
        """
        bad = tf.logical_not(tf.math.is_finite(arrays.sentinel(subject.gradients())))
        suspects, faults = self._write_faults(bad, subject)
        wanted = subject.of_layers(chosen)
        weights = wanted.weights
        axes = [self._axes.get(each.layer) for each in wanted.outputs]
        units = tuple(map(_units, wanted.outputs, axes))
        before = recorder.Table(len(wanted.outputs) + 2 * len(weights), sum(units))
        after = recorder.Table(len(weights))
        old = recorder.variable_of(np.zeros(self._length(weights), np.float32))
        self._write_before(wanted, before, axes, old)
        result = go_on()
        self._write_after(weights, after, old)
        self._add(Plan(_pieces(wanted), units, before, after, suspects, faults), subject, bad)
        return result

    def write_compiled(self, go_on: Callable[[], Any], subject: Subject) -> Any:
        """Write a step down that XLA compiles: it is counted, and measured from outside."""
        result = go_on()
        self._add(None, subject, tf.constant(False))
        return result

    def read(self, first: int) -> tuple[list[Piece], list[Measured]]:
        """What the plans of a step have measured last, by the place of the first."""
        plans = (self.plans[place] for place in self._sharing.places(first))
        parts = [plan.read() for plan in plans if plan is not None]
        pieces = [piece for found, _ in parts for piece in found]
        return pieces, [each for _, measured in parts for each in measured]

    def _add(self, plan: Plan | None, subject: Subject, bad: Any) -> None:
        place, variables = len(self.plans), [each.variable for each in subject.weights]
        self.plans.append(plan)
        first = self._sharing.add(place, recorder.graph_now(), variables)
        self.state.end_step(place, first, bad, subject.loss)

    def _length(self, weights: Sequence[Weight]) -> int:
        lengths = arrays.length_looked_at
        return sum(lengths(_size(each), exact=self._exact) for each in weights)

    def _write_faults(self, bad: Any, subject: Subject) -> tuple[tuple[Suspect, ...], Any]:
        suspects = suspects_of(subject)
        faults = recorder.variable_of(np.zeros((len(suspects), 5), np.float32))

        def write(*given: Any) -> None:
            faults.assign(tf.stack([arrays.fault_of(each) for each in given]))

        recorder.only_if(bad, write, *tensors_of(subject))
        return suspects, faults

    def _write_before(
        self, wanted: Subject, table: recorder.Table, axes: Sequence[int | None], old: Any
    ) -> None:
        """Outputs, gradients and weights, and a copy of what is looked at of the weights."""
        outputs = [each.tensor for each in wanted.outputs]
        variables = [raw(each.variable) for each in wanted.weights]

        def write(*given: Any) -> None:
            read = [variable.read_value() for variable in variables]
            weights = arrays.look_at(read, exact=self._exact)
            old.assign(tf.concat(weights, 0)) if weights else None
            looked = [*arrays.look_at(given, exact=self._exact), *weights]
            totals = arrays.sizes([*map(tf.convert_to_tensor, given), *read])
            active = [
                arrays.active_units(each, axis, exact=self._exact)
                for each, axis in zip(given, axes, strict=False)
                if axis is not None and each.shape[axis]
            ]
            units = tf.concat(active, 0) if active else tf.zeros([0], tf.bool)
            table.write(*arrays.measured(looked, totals, exact=self._exact), totals, units)

        if table.length:
            recorder.where_active(self.state, write, *outputs, *wanted.gradients())

    def _write_after(self, weights: Sequence[Weight], table: recorder.Table, old: Any) -> None:
        """By how much the weights have changed."""
        variables = [raw(each.variable) for each in weights]

        def write() -> None:
            read = [variable.read_value() for variable in variables]
            new = arrays.look_at(read, exact=self._exact)
            before = tf.split(old.read_value(), [int(each.shape[0]) for each in new])
            changed = [after - each for after, each in zip(new, before, strict=True)]
            totals = arrays.sizes(read)
            units = tf.zeros([0], tf.bool)
            table.write(*arrays.measured(changed, totals, exact=self._exact), totals, units)

        if table.length:
            recorder.where_active(self.state, write)


def _pieces(wanted: Subject) -> tuple[Piece, ...]:
    outputs = [Piece(Key(each.layer, "activation"), _shape(each.tensor)) for each in wanted.outputs]
    weights = [
        Piece(each.key(quantity), _shape(each.variable))
        for quantity in ("gradient", "weight", "update")
        for each in wanted.weights
    ]
    return (*outputs, *weights)


def _shape(tensor: Any) -> tuple[int, ...]:
    shape = tensor.shape
    return () if getattr(shape, "rank", 0) is None else tuple(-1 if n is None else n for n in shape)


def _known(shape: tuple[int, ...], total: int) -> tuple[int, ...]:
    """A shape whose one unknown length follows from the number of values."""
    if shape.count(-1) != 1:
        return shape
    others = -int(np.prod(shape))
    return tuple(total // others if each == -1 and others else each for each in shape)


def _units(output: Output, axis: int | None) -> int:
    return 0 if axis is None else int(output.tensor.shape[axis] or 0)


def _size(weight: Weight) -> int:
    return int(np.prod(weight.variable.shape))
