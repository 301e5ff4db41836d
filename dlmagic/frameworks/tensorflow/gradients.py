"""Gradients of a cell by a tape around it, with respect to variables and tensors that it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import tensorflow as tf

from dlmagic.frameworks.gradients import Gradients, directions
from dlmagic.frameworks.tensorflow.arrays import is_eager
from dlmagic.frameworks.tensorflow.inputs import leaves as parts_of

Leaves = dict[str, Any]


def leaves_among(reached: Iterable[tuple[str, object]]) -> Leaves:
    """Trainable variables and floating-point tensors, among what a cell reaches; by path."""
    whole = {path: _numbers_of(value) for path, value in reached}
    return {path: value for path, value in whole.items() if _is_leaf(value)}


class PlainOutputs:
    """The outputs that have gradients in a plain run, and the same ones of a graph.

    A graph makes tensors of some of Python's numbers, as of ``float(loss)``, which have gradients
    there alone.
    """

    def __init__(self) -> None:
        self._places: list[int] | None = None

    def of_plain(self, returned: tuple[object, ...]) -> list[Any]:
        """All floating-point tensors that a plain run returned; it is the first to run."""
        outputs = dict(_outputs(returned))
        self._places = list(outputs)
        return list(outputs.values())

    def of_graph(self, returned: tuple[object, ...]) -> list[Any]:
        """Those of a graph that are tensors in the plain run, too."""
        outputs = dict(_outputs(returned))
        places = outputs if self._places is None else self._places
        return [outputs[place] for place in places if place in outputs]


def gradients_of(
    run: Callable[[], tuple[object, ...]],
    leaves: Leaves,
    outputs_of: Callable[[tuple[object, ...]], list[Any]] | None = None,
) -> Gradients | None:
    """Of all outputs of a run, each in a random direction of its own.

    Args:
        run: Runs once, and returns what it has computed.
        leaves: What gradients are taken for.
        outputs_of: Which of the returned values count; by default all tensors that can.

    Returns:
        None where no output depends on the leaves; zeros for a leaf that none depends on.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(list(leaves.values()))
        outputs = (outputs_of or PlainOutputs().of_plain)(run())
    given = directions([each.shape for each in outputs])
    pairs = zip(given, outputs, strict=True)
    towards = [tf.constant(each, output.dtype) for each, output in pairs]
    found = tape.gradient(outputs, leaves, output_gradients=towards) if outputs else {}
    if all(each is None for each in found.values()):
        return None
    return {name: _dense(found[name], leaf) for name, leaf in leaves.items()}


def _numbers_of(value: object) -> object:
    """The tensor that a ragged or a sparse one keeps its numbers in; anything else itself."""
    if isinstance(value, tf.RaggedTensor):
        return value.flat_values
    return value.values if isinstance(value, tf.SparseTensor) else value


def _is_leaf(value: object) -> bool:
    if isinstance(value, tf.Variable):
        return bool(value.trainable and value.dtype.is_floating)
    return isinstance(value, tf.Tensor) and is_eager(value) and bool(value.dtype.is_floating)


def _outputs(returned: tuple[object, ...]) -> Iterator[tuple[int, Any]]:
    """The floating-point tensors in what a run returned, by place; of a variable, its value."""
    parts = (part for leaf in parts_of(returned) for part in _tensors_of(leaf))
    for place, part in enumerate(parts):
        if isinstance(part, tf.Tensor) and is_eager(part) and part.dtype.is_floating:
            yield place, part


def _tensors_of(leaf: object) -> list[Any]:
    value = leaf.read_value() if isinstance(leaf, tf.Variable) else leaf
    found: list[Any] = tf.nest.flatten(value, expand_composites=True)
    return found


def _dense(gradient: Any, leaf: Any) -> Any:
    """As one tensor: that of an embedding comes as the rows that were looked up."""
    return tf.zeros_like(leaf) if gradient is None else tf.convert_to_tensor(gradient)
