"""Telling rules of every operation of TensorFlow that runs at once, and of every step."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

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
from dlmagic.frameworks.operations import Event, Numbers, Operation, Step
from dlmagic.frameworks.tensorflow import _compat as compat
from dlmagic.frameworks.tensorflow.autograd_tapes import TapeListener, tapes_told
from dlmagic.frameworks.tensorflow.operation_names import composed_name, name_of
from dlmagic.frameworks.tensorflow.optimizer_steps import steps_told

_ENDS = frozenset({"stop_gradient"})
_ALONG_THE_LAST = frozenset({"softmax", "log_softmax"})


class OperationRecorder(TapeListener):
    """While active, operations and steps are told to a listener; nothing is changed.

    What runs in a graph is one operation. What a tape or an optimiser does is none.

    Args:
        filename: The cell's, to find the line of each call.
        tell: Takes each :class:`Operation` and :class:`Step`.
    """

    def __init__(self, filename: str, tell: Callable[[Event], object]) -> None:
        self.steps = self.operations = 0
        self._filename = filename
        self._tell = tell
        self._seen = SeenTensors(_described)
        self._stack = ExitStack()
        self._busy = False

    def __enter__(self) -> OperationRecorder:
        self._stack.enter_context(tapes_told(self))
        self._stack.enter_context(compat.operations_told(self._note))
        self._stack.enter_context(steps_told(self._stepping))
        return self

    def __exit__(self, *error: Any) -> None:
        self.stop()

    @property
    def complete(self) -> bool:
        """Whether all was heard until the end."""
        return self.steps < STEPS and self.operations < OPERATIONS

    def stop(self) -> None:
        """Hear no more; what runs on costs nothing from now on."""
        self._stack.close()
        self._seen.clear()

    def _note(
        self,
        op_type: Any,
        inputs: Sequence[Any],
        attrs: Any,  # noqa: ARG002 - TensorFlow's signature
        outputs: Sequence[Any],
        op_name: Any = None,  # noqa: ARG002
        graph: Any = None,
    ) -> None:
        if graph is not None or self._busy or self.operations >= OPERATIONS:
            return
        self.operations += 1
        name = name_of(op_type)
        frame = sys._getframe(1)
        line = innermost_frame(self._filename, frame)
        taken = tuple(map(self._seen.of, inputs))
        composed = composed_name(op_type, frame)
        if composed is not None:
            self._tell(Operation(composed, taken, arguments=taken, frame=line))
        options = {"dim": -1} if name in _ALONG_THE_LAST else {}
        operation = Operation(name, taken, None, taken, options, line)
        recorded = name not in _ENDS and any(map(compat.is_recorded, inputs))
        self._tell(self._with_outputs(operation, outputs, recorded))

    def _with_outputs(
        self, operation: Operation, outputs: Sequence[Any], recorded: bool
    ) -> Operation:
        """The operation with the first of its results; all are known from now on."""
        numbers = [_numbers(each) for each in outputs]
        if numbers and numbers[0] is not None:
            operation = replace(operation, is_finite=numbers[0] == "finite")
        made = []
        for each, known in zip(outputs, numbers, strict=True):
            about = (*_shape_and_type(each), recorded and each.dtype.is_floating, known)
            made.append(self._seen.note(each, about, operation))
        return replace(operation, output=made[0]) if made else operation

    # What happens to the user's tapes and optimisers

    def entered(self, tape: Any) -> None:  # noqa: ARG002 - the protocol's
        """Listen again, also where a gradient before has raised."""
        self._busy = False

    def asking(self, tape: Any) -> None:  # noqa: ARG002
        """What follows is the tape's own."""
        self._busy = True

    def asked(self, tape: Any, target: Any) -> None:  # noqa: ARG002
        """A backward pass."""
        self._busy = False
        if hasattr(target, "dtype") and hasattr(target, "shape"):
            seen = (self._seen.of(target),)
            line = innermost_frame(self._filename, sys._getframe(1))
            self._tell(Operation("backward", seen, arguments=seen, frame=line))

    @contextmanager
    def _stepping(self, optimizer: Any, gradients: Sequence[Any]) -> Iterator[None]:
        line = innermost_frame(self._filename, sys._getframe(1))
        given = sum(each is not None for each in gradients)
        self._tell(
            Step(
                id(optimizer),
                len(gradients),
                given,
                uncleared=0,
                fresh=given,
                trainable=len(gradients),
                frame=line,
            )
        )
        self.steps += 1
        if self.steps >= STEPS:
            self.stop()
        before, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = before


def _described(tensor: Any) -> Description:
    return (*_shape_and_type(tensor), compat.is_recorded(tensor), _numbers(tensor))


def _shape_and_type(tensor: Any) -> tuple[tuple[int, ...], str]:
    return tuple(tensor.shape), tensor.dtype.name


def _numbers(tensor: Any) -> Numbers | None:
    """What the numbers of a small tensor on the CPU are; None for any other."""
    if not tensor.dtype.is_floating or "CPU" not in tensor.device:
        return None
    if tensor.shape.num_elements() > SMALL:
        return None
    return told(lambda: numbers_in(np.asarray(tensor)))
