"""Telling rules of every operation of JAX that runs at once, and of every gradient.

The operations of a function that ``jax.grad`` differentiates are heard, those of one that
``jax.jit`` has compiled are one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from dlmagic.frameworks.captured import innermost_frame
from dlmagic.frameworks.description import told
from dlmagic.frameworks.hearing import (
    OPERATIONS,
    SMALL,
    STEPS,
    Description,
    SeenTensors,
    numbers_in,
)
from dlmagic.frameworks.jax import _compat as compat
from dlmagic.frameworks.jax.index_bounds import is_within
from dlmagic.frameworks.jax.operation_names import name_of
from dlmagic.frameworks.operations import Event, Numbers, Operation


class OperationRecorder:
    """While active, operations are told to a listener; nothing is changed.

    Args:
        filename: The cell's, to find the line of each call.
        tell: Takes each :class:`Operation`.

    Attributes:
        steps: Gradients that were taken: JAX has no optimisers.
    """

    def __init__(self, filename: str, tell: Callable[[Event], object]) -> None:
        self.steps = self.operations = 0
        self._filename = filename
        self._tell = tell
        self._seen = SeenTensors(_described)
        self._stack = ExitStack()

    def __enter__(self) -> OperationRecorder:
        self._stack.enter_context(
            compat.operations_told(self._note, self._note_gradient, inside=True)
        )
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.close()
        self._seen.clear()

    @property
    def complete(self) -> bool:
        """Whether all was heard until the end."""
        return self.steps < STEPS and self.operations < OPERATIONS

    def _note(
        self,
        primitive: Any,
        functions: tuple[Any, ...],
        inputs: Sequence[Any],
        params: Mapping[str, Any],
        outputs: Sequence[Any],
    ) -> None:
        if not self.complete:  # JAX is left as it is: in the middle of a call it cannot be changed
            return
        self.operations += 1
        name = name_of(primitive, params, functions)
        if _is_mapped(inputs, outputs):
            name = f"vmap({name})"
        arguments = tuple(self._seen.of(each) if _is_array(each) else each for each in inputs)
        made = [each for each in outputs if isinstance(each, jax.Array)]
        operation = Operation(
            name=name,
            inputs=tuple(self._seen.of(each) for each in inputs if _is_array(each)),
            arguments=arguments,
            frame=innermost_frame(self._filename, sys._getframe(1)),
            is_within=told(lambda: is_within(name, inputs, params)),
        )
        known = [_described(each) for each in made]
        if known and known[0][-1] is not None:
            operation = replace(operation, is_finite=known[0][-1] == "finite")
        pairs = zip(made, known, strict=True)
        seen = [self._seen.note(each, about, operation) for each, about in pairs]
        self._tell(replace(operation, output=seen[0]) if seen else operation)

    def _note_gradient(self, _function: Any, _arguments: tuple[Any, ...], result: Any) -> None:
        if not self.complete:
            return
        first = next(iter(jax.tree_util.tree_leaves(result)), None)
        if isinstance(first, jax.Array):
            seen = (self._seen.of(first),)
            line = innermost_frame(self._filename, sys._getframe(1))
            self._tell(Operation("backward", seen, arguments=seen, frame=line))
        self.steps += 1


def _is_mapped(inputs: Sequence[Any], outputs: Sequence[Any]) -> bool:
    """Whether two arrays met each with its own along the axis of ``jax.vmap``.

    Their shapes alone would let each meet all others.
    """
    shapes = [each.shape for each in (*inputs, *outputs) if _is_array(each)]
    if len(shapes) != 3:
        return False
    one, other, made = shapes
    crossed = other == (*one, 1) or one == (*other, 1)
    return crossed and made in (one, other)


def _is_array(value: object) -> bool:
    return isinstance(value, jax.Array | np.ndarray)


def _described(array: Any) -> Description:
    """No array of JAX knows whether a gradient will be taken."""
    return tuple(array.shape), str(array.dtype), False, told(lambda: _numbers(array))


def _numbers(array: Any) -> Numbers | None:
    """What the numbers of a small array on the CPU are; None for any other."""
    if not jax.numpy.issubdtype(array.dtype, jax.numpy.floating) or array.size > SMALL:
        return None
    if isinstance(array, jax.Array) and any(each.platform != "cpu" for each in array.devices()):
        return None
    return numbers_in(np.asarray(array))
