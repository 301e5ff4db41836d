"""Steps that run at once, of Keras on TensorFlow or PyTorch: measured as they go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from keras import ops

from dlmagic.magics.watch.gathering import Key, Piece
from dlmagic.magics.watch.keras import arrays
from dlmagic.magics.watch.keras.faults import suspects_of, tensors_of
from dlmagic.magics.watch.keras.functions import numpy
from dlmagic.magics.watch.keras.subject import Subject, raw
from dlmagic.magics.watch.measures import Measured


def is_finite(subject: Subject) -> bool:
    """Whether all gradients are."""
    gradients = subject.gradients()
    return not gradients or bool(np.isfinite(numpy(arrays.sentinel(gradients))))


def faults_of(subject: Subject) -> tuple[Any, Any]:
    """The suspects, and what is wrong with them."""
    faults = [numpy(arrays.fault_of(each)) for each in tensors_of(subject)]
    return suspects_of(subject), np.stack(faults)


def measure_step(
    go_on: Callable[[], Any],
    subject: Subject,
    axes: Mapping[str, int | None],
    *,
    exact: bool,
) -> tuple[Any, list[Piece], list[Measured]]:
    """Make a step, and measure what is before it and what it changes."""
    variables = [raw(each.variable) for each in subject.weights]
    tensors = [*(each.tensor for each in subject.outputs), *subject.gradients(), *variables]
    looked = arrays.look_at(tensors, exact=exact)
    old = [ops.copy(each) for each in looked[len(tensors) - len(variables) :]]
    before = measure_tensors(looked, tensors, exact=exact)
    outputs = [_output_piece(each, axes.get(each.layer), exact) for each in subject.outputs]
    result = go_on()
    new = arrays.look_at(variables, exact=exact)
    changed = [after - each for after, each in zip(new, old, strict=True)]
    after = measure_tensors(changed, variables, exact=exact)
    weights = [
        Piece(each.key(quantity), tuple(map(int, each.variable.shape)))
        for quantity in ("gradient", "weight", "update")
        for each in subject.weights
    ]
    return result, [*outputs, *weights], [*before, *after]


def measure_tensors(looked: list[Any], tensors: list[Any], *, exact: bool) -> list[Measured]:
    """The statistics of what is looked at of some tensors."""
    if not looked:
        return []
    totals = np.array([int(np.prod(ops.shape(each))) for each in tensors], np.int64)
    floats, counts = arrays.measured(looked, ops.convert_to_tensor(totals), exact=exact)
    return [Measured(numpy(floats), numpy(counts), totals)]


def _output_piece(output: Any, axis: int | None, exact: bool) -> Piece:
    shape = tuple(map(int, output.tensor.shape))
    units = None
    if axis is not None and shape:
        units = numpy(arrays.active_units(output.tensor, axis, exact=exact))
    return Piece(Key(output.layer, "activation"), shape, units)


def number(loss: Any) -> float:
    """The loss as a number; not a number where the model has not computed it."""
    return float("nan") if loss is None else float(np.mean(numpy(loss)))
