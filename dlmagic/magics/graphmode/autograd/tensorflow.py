"""TensorFlow's tapes: operations are noted, and a tape beside the user's tells the gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property

import tensorflow as tf

from dlmagic.cell.output import streams_dropped
from dlmagic.errors import InputError
from dlmagic.frameworks.backward import Backward, Cut
from dlmagic.frameworks.tensorflow.arrays import is_eager
from dlmagic.frameworks.tensorflow.autograd_flow import Flow
from dlmagic.frameworks.tensorflow.autograd_graph import read_graph
from dlmagic.frameworks.tensorflow.autograd_names import names_of
from dlmagic.frameworks.tensorflow.autograd_recorder import Operation, Recorder
from dlmagic.frameworks.tensorflow.autograd_tapes import Companion
from dlmagic.magics.graphmode.autograd.recording import (
    Assigned,
    Target,
    first_with_graph,
    name_of,
)

_ADVICE = (
    "Nothing in it is computed from what a tape watches: make it a tf.Variable, or call "
    "tape.watch(x) in a tf.GradientTape."
)
_SAYS_NOTHING = (
    "This version of TensorFlow does not tell which operations run: nothing was recorded."
)


class TensorFlowRecording:
    """What was noted while a cell ran.

    Args:
        recorder: Noted it.
        namespace: The notebook's, as the cell finds it.
    """

    def __init__(self, recorder: Recorder, namespace: Mapping[str, object]) -> None:
        self._recorder = recorder
        self._namespace = namespace
        self._before = names_of(namespace)

    @property
    def advice(self) -> str:
        """What to do about a cell without a graph."""
        return _ADVICE if self._recorder.works else _SAYS_NOTHING

    @property
    def cuts(self) -> Sequence[Cut]:
        """Those that are known of, and the graph that may have trained where no tape was asked."""
        inner = self._recorder.within_a_graph
        if inner is None or self._recorder.asked_last is not None:
            return self._known_cuts
        return [*self._known_cuts, inner]

    @property
    def _known_cuts(self) -> Sequence[Cut]:
        """``stop_gradient``, whole numbers, what no tape records and what has no gradient."""
        asked = self._recorder.asked_last
        missed = None if asked is None else self._flow.missed_before([asked.target])
        return self._flow.cuts if missed is None else [*self._flow.cuts, missed]

    @property
    def _tape(self) -> Companion:
        """That beside the tape which the cell asked last; else that around the cell."""
        asked = self._recorder.asked_last
        return self._recorder.tape if asked is None else asked.tape

    @property
    def _operations(self) -> Sequence[Operation]:
        asked = self._recorder.asked_last
        return self._recorder.operations if asked is None else asked.operations

    @cached_property
    def _flow(self) -> Flow:
        names = {**names_of(self._namespace), **self._before}
        flow = Flow(self._tape, names)
        flow.follow(self._operations)
        return flow

    def target(self, assigned: Assigned, last: object) -> Target | None:
        """What the cell asked its tape about last; else its last tensor with a graph."""
        asked = self._recorder.asked_last
        if asked is None:
            return first_with_graph(assigned, last, self._flow.has_graph)
        if not self._flow.has_graph(asked.target):
            return None
        return Target(name_of(asked.target, assigned) or "the tape's target", asked.target)

    def read(self, target: Target) -> Backward:
        """The graph, with the gradients of all its steps."""
        with streams_dropped():
            nodes, ends, problem = read_graph(target.value, self._tape, self._flow)
        notes = (f"Gradients are not known: {problem}",) if problem else ()
        return Backward(tuple(nodes), (*self._known_cuts, *ends), notes)

    def close(self) -> None:
        """Let the tensors go."""
        self._recorder.operations.clear()
        self._recorder.asked_last = None


class TensorFlowAutograd:
    """TensorFlow's part of this room."""

    def owns(self, value: object) -> bool:
        """Whether it is a tensor or a variable."""
        return isinstance(value, tf.Variable) or is_eager(value)

    @contextmanager
    def recording(
        self,
        filename: str,  # noqa: ARG002 - the stack of each operation tells all files of the user's
        namespace: Mapping[str, object],
    ) -> Iterator[TensorFlowRecording]:
        """Note every operation and the user's line behind it."""
        recorder = Recorder()
        recording = TensorFlowRecording(recorder, namespace)
        with recorder.recording():
            yield recording

    def existing(
        self,
        target: Target,
        namespace: Mapping[str, object],  # noqa: ARG002 - there is nothing to name
    ) -> Backward:
        """There is no graph behind a tensor that exists already.

        Raises:
            InputError: Always.
        """
        kind = "variable" if isinstance(target.value, tf.Variable) else "tensor"
        raise InputError(
            f"{target.name} is a {kind} of TensorFlow, which keeps no graph outside a tape.",
            "Put %%autograd above the cell that computes with it: it records one.",
        )
