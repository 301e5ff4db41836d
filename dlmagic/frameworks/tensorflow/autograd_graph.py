"""The graph that a tape sees: every node with its numbers, and what is kept of it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any

from dlmagic.frameworks.backward import BackwardNode, Cut, Numbers, Unique, numbers_of_array
from dlmagic.frameworks.tensorflow import _compat as compat
from dlmagic.frameworks.tensorflow.arrays import as_array
from dlmagic.frameworks.tensorflow.autograd_flow import Flow
from dlmagic.frameworks.tensorflow.autograd_recorder import Operation
from dlmagic.frameworks.tensorflow.autograd_tapes import Companion


def read_graph(
    target: Any, tape: Companion, flow: Flow
) -> tuple[list[BackwardNode], list[Cut], str]:
    """Every node behind a tensor, those that lead to others first.

    Args:
        target: A tensor that comes from leaves.
        tape: Is asked for the gradient of every node.
        flow: What comes from what.

    Returns:
        The nodes, where gradients end on the way, and why they miss.
    """
    reader = _Reader(flow)
    steps = _needed(target, flow)
    try:
        reader.take_gradients(target, tape, steps)
        problem = ""
    except Exception as error:  # whatever a function of the user's raises
        problem = f"{type(error).__name__}: {error}".partition("\n")[0]
    return reader.read(steps), reader.ends, problem


def _needed(target: Any, flow: Flow) -> list[Operation]:
    """The steps that a tensor comes from."""
    wanted, found = {id(target)}, []
    for step in reversed(flow.steps):
        if any(id(each) in wanted for each in flow.results(step)):
            found.append(step)
            wanted.update(id(each) for each in step.inputs if flow.comes_from_leaves(each))
    return found[::-1]


class _Reader:
    """Names each node, and tells its numbers.

    Attributes:
        ends: Steps that a gradient reaches and that give none back, such as ``tf.round``.
    """

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._unique = Unique()
        self._names: dict[int, str] = {}
        self._nodes: list[BackwardNode] = []
        self._gradients: dict[int, Any] = {}
        self._saved: dict[int, int] = {}
        self._counted: set[int] = set()
        self.ends: list[Cut] = []

    def take_gradients(self, target: Any, tape: Companion, steps: Sequence[Operation]) -> None:
        """Ask the tape for all nodes at once."""
        sources = {key: value for key, (_, value) in self._flow.leaves.items()}
        sources |= {id(each): each for step in steps for each in self._flow.results(step)}
        told: list[tuple[str, list[Any], list[Any]]] = []
        with compat.gradients_told(lambda *each: told.append(each)):
            found = tape.gradient(target, list(sources.values()))
        self._gradients = dict(zip(sources, found, strict=True))
        waiting = _by_what_they_touch(steps)
        for kind, kept, given in reversed(told):  # the tape begins at the end
            self._note(kind, kept, given, waiting[id(kept[0]) if kept else kind])

    def _note(
        self, kind: str, kept: list[Any], given: list[Any], waiting: deque[Operation]
    ) -> None:
        """Note what was kept of a step, a tensor once, and whether it gives gradients back.

        Args:
            kind: Of the step.
            kept: What the tape kept of it.
            given: The gradients that it gave back.
            waiting: Among these it is; those that stand before it have been told of already.
        """
        own = {id(each): each for each in kept}

        def fits(step: Operation) -> bool:
            return (
                step.kind == kind and id(step) not in self._saved and own.keys() <= _touched(step)
            )

        step = _first(waiting, fits)
        if step is None:
            return
        fresh = [each for key, each in own.items() if key not in self._counted]
        self._counted |= own.keys()
        self._saved[id(step)] = sum(map(_bytes, fresh))
        self.ends += [] if given else [Cut("no_gradient", kind, step.call.frames)]

    def read(self, steps: Sequence[Operation]) -> list[BackwardNode]:
        for step in steps:
            used = [each for each in step.inputs if self._flow.comes_from_leaves(each)]
            inputs = tuple(self._name_of_input(each) for each in used)
            name = self._unique(step.kind)
            results = self._flow.results(step)
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

    def _key(self, tensor: Any) -> int:
        return id(tensor) if id(tensor) in self._flow.makers else self._flow.key(tensor)

    def _name_of_input(self, tensor: Any) -> str:
        """The name of the node that a tensor comes from; a leaf becomes one when it is met."""
        key = self._key(tensor)
        if key not in self._names:
            label, variable = self._flow.leaves[key]
            name = self._names[key] = self._unique(label)
            value = _told(self._flow.reads.get(key, variable))
            gradient = _told(self._gradients.get(key))
            self._nodes.append(BackwardNode(name, "leaf", value=value, gradient=gradient))
        return self._names[key]


def _by_what_they_touch(
    steps: Sequence[Operation],
) -> defaultdict[int | str, deque[Operation]]:
    """The steps of each kind, and those that take or make each tensor."""
    found: defaultdict[int | str, deque[Operation]] = defaultdict(deque)
    for step in steps:
        found[step.kind].append(step)
        for key in _touched(step):
            found[key].append(step)
    return found


def _touched(step: Operation) -> set[int]:
    """The identities of the tensors that a step takes or makes."""
    return {id(each) for each in (*step.inputs, *step.outputs)}


def _first(waiting: deque[Operation], fits: Callable[[Operation], bool]) -> Operation | None:
    """The first step that fits, taken out."""
    for place, step in enumerate(waiting):
        if fits(step):
            del waiting[place]
            return step
    return None


def _bytes(tensor: Any) -> int:
    return int(tensor.shape.num_elements() or 0) * int(tensor.dtype.size)


def _told(value: Any) -> Numbers | None:
    view = None if value is None else as_array(value)
    return None if view is None else numbers_of_array(view)
