"""From noted operations to a graph: which tensors depend on which, as a tape sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import tensorflow as tf

from dlmagic.frameworks.backward import (
    BackwardNode,
    Cut,
    Numbers,
    Unique,
    Why,
    numbers_of_array,
)
from dlmagic.frameworks.named import Named
from dlmagic.frameworks.tensorflow import _compat as compat
from dlmagic.frameworks.tensorflow.arrays import as_array
from dlmagic.frameworks.tensorflow.autograd_recorder import Operation
from dlmagic.frameworks.tensorflow.autograd_tapes import Companion

_ASKS_FOR_SIZES = frozenset({"Shape", "ShapeN", "Size", "Rank"})
_SPOKEN = {"StopGradient": "stop_gradient", "Cast": "cast"}


@dataclass
class Flow:
    """Which tensors come from what a tape watches.

    Attributes:
        steps: Those that gradients go through, in order.
        makers: The step that made a tensor, by the identity of the tensor.
        leaves: What is watched: name and variable or tensor, by the identity of the tensor, or
            of the variable's handle.
        reads: The tensor that a variable was read into last, by the identity of its handle.
        cuts: Where gradients stop.
    """

    steps: list[Operation] = field(default_factory=list)
    makers: dict[int, Operation] = field(default_factory=dict)
    leaves: Named = field(default_factory=dict)
    reads: dict[int, Any] = field(default_factory=dict)
    cuts: list[Cut] = field(default_factory=list)
    _same: dict[int, int] = field(default_factory=dict)
    _unrecorded: dict[int, Cut] = field(default_factory=dict)
    _read_apart: set[int] = field(default_factory=set)

    def key(self, tensor: Any) -> int:
        """The identity of a tensor; of one that a variable was read into, that of the handle."""
        return self._same.get(id(tensor), id(tensor))

    def comes_from_leaves(self, tensor: Any) -> bool:
        """Whether gradients go from a tensor to a leaf."""
        return self.key(tensor) in self.leaves or id(tensor) in self.makers

    def has_graph(self, value: object) -> bool:
        """Whether a value was made by a step of these."""
        return id(value) in self.makers

    def read(self, handle: Any, value: Any) -> None:
        """Note that a variable is read."""
        self._same[id(value)], self.reads[id(handle)] = id(handle), value

    def leave_out(self, operation: Operation) -> None:
        """Note an operation that the tape does not record, in case a result is used on it."""
        if operation.kind == "ReadVariableOp":
            self._read_apart.update(map(id, operation.outputs))
            return
        cut = self.unrecorded_before(operation.inputs)
        known = map(self._would_count, operation.inputs)
        if cut is None and any(known):
            cut = Cut("no_tape", _spoken(operation), operation.call.frames)
        if cut is not None:
            self._unrecorded.update((id(each), cut) for each in operation.outputs)

    def _would_count(self, tensor: Any) -> bool:
        return self.comes_from_leaves(tensor) or id(tensor) in self._read_apart

    def unrecorded_before(self, tensors: Sequence[Any]) -> Cut | None:
        """Where the tape missed something that some tensors come from."""
        found = (self._unrecorded.get(id(each)) for each in tensors)
        return next((cut for cut in found if cut is not None), None)


def leaves_of(tape: Companion, names: Named) -> Named:
    """What a tape watches, by the user's names."""
    found: Named = {}
    for variable in tape.watched_variables():
        known = names.get(id(variable.handle), (variable.name.partition(":")[0], variable))
        found[id(variable.handle)] = known[0], variable
    for tensor in tape.watched:
        found[id(tensor)] = names.get(id(tensor), ("watched", tensor))[0], tensor
    return found


def follow(operations: Sequence[Operation], tape: Companion, leaves: Named) -> Flow:
    """Follow what a tape watches through all operations.

    Args:
        operations: In order.
        tape: Only what it records counts.
        leaves: What it watches.
    """
    flow = Flow(leaves=dict(leaves))
    made = {id(each) for operation in operations for each in operation.outputs}
    for operation, following in pairwise([*operations, None]):
        assert operation is not None
        for tensor in operation.inputs:
            if id(tensor) not in made and id(tensor) not in leaves:
                _find_silent_read(flow, tape, tensor)
        if operation.kind == "ReadVariableOp" and id(operation.inputs[0]) in leaves:
            flow.read(operation.inputs[0], operation.outputs[0])
        elif tape not in operation.tapes:
            flow.leave_out(operation)
        elif any(map(flow.comes_from_leaves, operation.inputs)):
            _pass_through(flow, operation, following)
        else:
            _note_unrecorded(flow, operation)
    return flow


def _find_silent_read(flow: Flow, tape: Companion, tensor: Any) -> None:
    """Note that a variable is read where nobody was told: its tape knows.

    A variable that stands behind a tensor, as in ``x * variable``, is read inside the operation.
    """
    if not _is_float(tensor) or flow.key(tensor) in flow.leaves:
        return
    variables = tape.watched_variables()
    gradients = tape.gradient(tensor, list(variables))
    for variable, gradient in zip(variables, gradients, strict=True):
        if gradient is not None:
            flow.read(variable.handle, tensor)


def _pass_through(flow: Flow, operation: Operation, following: Operation | None) -> None:
    """Note what an operation makes of tensors that come from leaves.

    A cut is the user's only where it ends what they called: functions of TensorFlow have some
    inside.
    """
    _note_unrecorded(flow, operation)
    through = [each for each in operation.outputs if _is_float(each)]
    why: Why = "detach" if operation.kind == "StopGradient" else "integer"
    if through and why != "detach":
        if compat.has_gradient(operation.kind):
            flow.steps.append(operation)
            flow.makers.update((id(each), operation) for each in through)
            return
        why = "no_gradient"
    is_last = following is None or following.call != operation.call
    if operation.outputs and is_last and operation.kind not in _ASKS_FOR_SIZES:
        flow.cuts.append(Cut(why, _spoken(operation), operation.call.frames))


def _note_unrecorded(flow: Flow, operation: Operation) -> None:
    cut = flow.unrecorded_before(operation.inputs)
    if cut is not None and cut not in flow.cuts:
        flow.cuts.append(cut)


def _spoken(operation: Operation) -> str:
    return _SPOKEN.get(operation.kind, operation.kind)


def _is_float(tensor: Any) -> bool:
    return bool(tensor.dtype.is_floating or tensor.dtype.is_complex)


def read_graph(target: Any, tape: Companion, flow: Flow) -> tuple[list[BackwardNode], str]:
    """Every node behind a tensor, those that lead to others first; and why gradients miss.

    Args:
        target: A tensor that comes from leaves.
        tape: Is asked for the gradient of every node.
        flow: What comes from what.
    """
    reader = _Reader(flow)
    steps = _needed(target, flow)
    try:
        reader.take_gradients(target, tape, steps)
        problem = ""
    except Exception as error:  # whatever a function of the user's raises
        problem = f"{type(error).__name__}: {error}".partition("\n")[0]
    return reader.read(steps), problem


def _needed(target: Any, flow: Flow) -> list[Operation]:
    """The steps that a tensor comes from."""
    wanted, found = {id(target)}, []
    for step in reversed(flow.steps):
        made = [each for each in step.outputs if flow.makers.get(id(each)) is step]
        if any(id(each) in wanted for each in made):
            found.append(step)
            wanted.update(id(each) for each in step.inputs if flow.comes_from_leaves(each))
    return found[::-1]


class _Reader:
    """Names each node, and tells its numbers."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._unique = Unique()
        self._names: dict[int, str] = {}
        self._nodes: list[BackwardNode] = []
        self._gradients: dict[int, Any] = {}
        self._saved: dict[int, int] = {}

    def take_gradients(self, target: Any, tape: Companion, steps: Sequence[Operation]) -> None:
        """Ask the tape for all nodes at once."""
        sources = {key: value for key, (_, value) in self._flow.leaves.items()}
        sources |= {id(each): each for step in steps for each in self._results(step)}
        kept: list[tuple[str, list[Any]]] = []

        def note(kind: str, inputs: list[Any], outputs: list[Any]) -> None:
            kept.append((kind, [*inputs, *outputs]))

        with compat.kept_told(note):
            found = tape.gradient(target, list(sources.values()))
        self._gradients = dict(zip(sources, found, strict=True))
        self._saved = _bytes_kept(kept, steps)

    def _results(self, step: Operation) -> list[Any]:
        return [each for each in step.outputs if self._flow.makers.get(id(each)) is step]

    def read(self, steps: Sequence[Operation]) -> list[BackwardNode]:
        for step in steps:
            used = [each for each in step.inputs if self._flow.comes_from_leaves(each)]
            inputs = tuple(self._name_of_input(each) for each in used)
            name = self._unique(step.kind)
            results = self._results(step)
            self._names.update((id(each), name) for each in results)
            self._nodes.append(
                BackwardNode(
                    name,
                    step.kind,
                    inputs,
                    value=_told(results[0]),
                    gradient=_told(self._gradients.get(id(results[0]))),
                    saved_bytes=self._saved.get(id(step), 0),
                    frames=step.call.frames,
                    is_custom=step.is_custom,
                )
            )
        return self._nodes

    def _name_of_input(self, tensor: Any) -> str:
        """The name of the node that a tensor comes from; a leaf becomes one when it is met."""
        key = id(tensor) if id(tensor) in self._flow.makers else self._flow.key(tensor)
        if key not in self._names:
            label, variable = self._flow.leaves[key]
            name = self._names[key] = self._unique(label)
            value = _told(self._flow.reads.get(key, variable))
            gradient = _told(self._gradients.get(key))
            self._nodes.append(BackwardNode(name, "leaf", value=value, gradient=gradient))
        return self._names[key]


def _bytes_kept(
    kept: Sequence[tuple[str, list[Any]]], steps: Sequence[Operation]
) -> dict[int, int]:
    """Bytes that the tape keeps for each step, by its identity; a tensor counts once."""
    found: dict[int, int] = {}
    counted: set[int] = set()
    for kind, tensors in reversed(kept):  # the tape begins at the end
        own = {id(each) for each in tensors}
        for step in steps:
            beside = {id(each) for each in (*step.inputs, *step.outputs)}
            if step.kind == kind and own <= beside and id(step) not in found:
                fresh = {id(each): each for each in tensors if id(each) not in counted}
                counted |= set(fresh)
                found[id(step)] = sum(map(_bytes, fresh.values()))
                break
    return found


def _bytes(tensor: Any) -> int:
    return int(tf.size(tensor)) * int(tensor.dtype.size)


def _told(value: Any) -> Numbers | None:
    view = None if value is None else as_array(value)
    return None if view is None else numbers_of_array(view)
