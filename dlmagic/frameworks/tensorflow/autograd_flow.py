"""Which tensors come from what a tape watches, and where gradients stop on the way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf

from dlmagic.frameworks.backward import Cut, Why
from dlmagic.frameworks.named import Named
from dlmagic.frameworks.tensorflow import _compat as compat
from dlmagic.frameworks.tensorflow.autograd_recorder import Operation
from dlmagic.frameworks.tensorflow.autograd_tapes import Companion

_READS = "ReadVariableOp"
_ASKS_FOR_SIZES = frozenset({"Shape", "ShapeN", "Size", "Rank"})
_SPOKEN = {"StopGradient": "stop_gradient", "Cast": "cast"}


class Flow:
    """What comes from what, as one tape sees it.

    Args:
        tape: Only what it records counts.
        names: The user's names of variables and tensors.

    Attributes:
        steps: Operations that gradients go through, in order.
        makers: The step that made a tensor, by the identity of the tensor.
        leaves: What is watched: name and variable or tensor, by the identity of the tensor, or
            of the variable's handle.
        reads: The tensor that a variable was read into last, by the identity of its handle.
        cuts: Where gradients stop.
    """

    def __init__(self, tape: Companion, names: Named) -> None:
        self.steps: list[Operation] = []
        self.makers: dict[int, Operation] = {}
        self.leaves = _leaves_of(tape, names)
        self.reads: dict[int, Any] = {}
        self.cuts: list[Cut] = []
        self._tape = tape
        self._variables = [each for _, each in names.values() if isinstance(each, tf.Variable)]
        self._handles: dict[int, int] = {}
        self._missed: dict[int, Cut] = {}
        self._read_apart: set[int] = set()

    def key(self, tensor: Any) -> int:
        """The identity of a tensor; of one that a variable was read into, that of the handle."""
        return self._handles.get(id(tensor), id(tensor))

    def comes_from_leaves(self, tensor: Any) -> bool:
        """Whether gradients go from a tensor to a leaf."""
        return self.key(tensor) in self.leaves or id(tensor) in self.makers

    def has_graph(self, value: object) -> bool:
        """Whether a value was made by a step of these."""
        return id(value) in self.makers

    def results(self, step: Operation) -> list[Any]:
        """The results of a step that gradients go through."""
        return [each for each in step.outputs if self.makers.get(id(each)) is step]

    def missed_before(self, tensors: Sequence[Any]) -> Cut | None:
        """What the tape does not record and some tensors come from."""
        found = (self._missed.get(id(each)) for each in tensors)
        return next((cut for cut in found if cut is not None), None)

    def follow(self, operations: Sequence[Operation]) -> None:
        """Follow the leaves through all operations, in order."""
        self._find_silent_reads(operations)
        for operation, following in pairwise([*operations, None]):
            assert operation is not None
            self._take(operation, following)

    def _take(self, operation: Operation, following: Operation | None) -> None:
        if self._tape not in operation.tapes:
            self._leave_out(operation)
            return
        if operation.kind == _READS and id(operation.inputs[0]) in self.leaves:
            self._read(operation.inputs[0], operation.outputs[0])
            return
        missed = self.missed_before(operation.inputs)
        if missed is not None and missed not in self.cuts:
            self.cuts.append(missed)
        why = _why_cut(operation)
        if why is None and any(map(self.comes_from_leaves, operation.inputs)):
            self.steps.append(operation)
            self.makers.update(
                (id(each), operation) for each in operation.outputs if _is_float(each)
            )
        elif why is not None and any(map(self._would_count, operation.inputs)):
            self._cut(why, operation, following)

    def _cut(self, why: Why, operation: Operation, following: Operation | None) -> None:
        """Note a cut, if it ends what the user called: TensorFlow's functions have some inside."""
        is_last = following is None or following.call != operation.call
        if operation.outputs and is_last and operation.kind not in _ASKS_FOR_SIZES:
            self.cuts.append(Cut(why, _spoken(operation), operation.call.frames))

    def _read(self, handle: Any, value: Any) -> None:
        self._handles[id(value)], self.reads[id(handle)] = id(handle), value

    def _leave_out(self, operation: Operation) -> None:
        """Note what the tape does not record, in case a result is used where it does."""
        if operation.kind == _READS:
            self._read_apart.update(map(id, operation.outputs))
            return
        cut = self.missed_before(operation.inputs)
        if cut is None and any(map(self._would_count, operation.inputs)):
            cut = Cut("no_tape", _spoken(operation), operation.call.frames)
        if cut is not None:
            self._missed.update((id(each), cut) for each in operation.outputs)

    def _would_count(self, tensor: Any) -> bool:
        return self.comes_from_leaves(tensor) or id(tensor) in self._read_apart

    def _find_silent_reads(self, operations: Sequence[Operation]) -> None:
        """Note variables that are read inside an operation, as in ``x * variable``.

        Nobody is told then. Its tape knows; where the operation has no gradient the tape forgets
        it, and the memory that variable and tensor share tells.
        """
        made = {id(each) for operation in operations for each in operation.outputs}
        given = (each for operation in operations for each in operation.inputs)
        unknown = {id(each): each for each in given if id(each) not in made and _is_float(each)}
        for variable in self._tape.watched_variables():
            same = [each for each in unknown.values() if _are_alike(each, variable)]
            if same and self._tape.gradient(same, variable) is not None:  # of any
                found = [each for each in same if self._tape.gradient(each, variable) is not None]
                for tensor in found:
                    self._read(variable.handle, tensor)
        for variable in self._variables:
            if variable.trainable:
                same = [each for each in unknown.values() if _are_alike(each, variable)]
                apart = [each for each in same if self.key(each) not in self.leaves]
                self._read_apart |= {id(each) for each in _sharing_memory(apart, variable)}


def _leaves_of(tape: Companion, names: Named) -> Named:
    """What a tape watches, by the user's names."""
    found: Named = {}
    for variable in tape.watched_variables():
        known = names.get(id(variable.handle), (variable.name.partition(":")[0], variable))
        found[id(variable.handle)] = known[0], variable
    for tensor in tape.watched:
        found[id(tensor)] = names.get(id(tensor), ("watched", tensor))[0], tensor
    return found


def _why_cut(operation: Operation) -> Why | None:
    """Why no gradient goes through an operation, or None."""
    if operation.kind == "StopGradient":
        return "detach"
    if not any(map(_is_float, operation.outputs)):
        return "integer"
    return None if compat.has_gradient(operation.kind) else "no_gradient"


def _spoken(operation: Operation) -> str:
    return _SPOKEN.get(operation.kind, operation.kind)


def _is_float(tensor: Any) -> bool:
    return bool(tensor.dtype.is_floating or tensor.dtype.is_complex)


def _are_alike(tensor: Any, variable: Any) -> bool:
    return bool(tensor.dtype == variable.dtype and tensor.shape == variable.shape)


def _sharing_memory(tensors: Sequence[Any], variable: Any) -> list[Any]:
    """Those tensors that are what a variable holds; none where memory is not the host's."""
    if not tensors:
        return []
    place = _address(compat.contents_of(variable))
    return [each for each in tensors if _address(each) == place]


def _address(tensor: Any) -> Any:
    return np.asarray(tensor).__array_interface__["data"]
