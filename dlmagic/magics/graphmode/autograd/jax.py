"""JAX keeps no graph: the operations of a cell are noted while it runs, and differentiated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import jax

from dlmagic.cell.output import streams_dropped
from dlmagic.errors import InputError
from dlmagic.frameworks.backward import Backward, Cut
from dlmagic.frameworks.jax import _compat as compat
from dlmagic.frameworks.jax.autograd_flow import Flow, follow, is_float
from dlmagic.frameworks.jax.autograd_graph import read_graph
from dlmagic.frameworks.jax.autograd_recorder import Differentiated, Recorder, run_again
from dlmagic.frameworks.jax.autograd_steps import steps_of
from dlmagic.frameworks.named import Named, named_arrays
from dlmagic.magics.graphmode.autograd.recording import (
    Assigned,
    Target,
    first_with_graph,
    name_of,
)

_ADVICE = (
    "Nothing in it is computed from a float array of JAX that has a name: "
    "write a = jnp.float32(2.0) and compute with a."
)
_SAYS_NOTHING = "This version of JAX does not tell which operations run: nothing was recorded."


class JaxRecording:
    """What was noted while a cell ran.

    Args:
        recorder: Noted it.
        namespace: The notebook's, as the cell finds it.
    """

    def __init__(self, recorder: Recorder, namespace: Mapping[str, object]) -> None:
        self._recorder = recorder
        self._namespace = namespace
        self._before = named_arrays(namespace, is_float)
        self._of_function: Flow | None = None

    @property
    def advice(self) -> str:
        """What to do about a cell without a graph."""
        return _ADVICE if self._recorder.works else _SAYS_NOTHING

    @property
    def cuts(self) -> list[Cut]:
        """``stop_gradient``, and what gives whole numbers."""
        return self._flow.cuts

    @property
    def _flow(self) -> Flow:
        return self._of_function or self._of_cell

    @cached_property
    def _of_cell(self) -> Flow:
        """From every float array that had a name before the cell, or has one now."""
        with streams_dropped():
            return follow(list(steps_of(self._recorder.operations)), self._names())

    def _names(self) -> Named:
        return {**named_arrays(self._namespace, is_float), **self._before}

    def target(self, assigned: Assigned, last: object) -> Target | None:
        """What the cell took a gradient of last; else its last array that comes from others."""
        asked = self._recorder.asked
        if asked is None:
            return first_with_graph(assigned, last, self._of_cell.has_graph)
        result = self._run_again(asked)
        if not self._flow.has_graph(result):
            return None
        told = jax.tree_util.tree_leaves(asked.result)[0]
        name = compat.differentiated(asked.function)[0] or "the function"
        return Target(name_of(told, assigned) or f"{name}(…)", result)

    def _run_again(self, asked: Differentiated) -> object:
        """The result of the function; its flow begins at what the gradient was taken by."""
        with streams_dropped():
            recorder, arguments, result = _again(asked)
            known, given = self._names(), jax.tree_util.tree_leaves(asked.arguments)
            names = {
                id(array): (known[id(value)][0] if id(value) in known else name, array)
                for (name, array), value in zip(arguments, given, strict=True)
            }
            self._of_function = follow(list(steps_of(recorder.operations)), names)
        return result

    def read(self, target: Target) -> Backward:
        """The graph, with the gradients of all its steps."""
        with streams_dropped():
            nodes, notes = read_graph(target.value, self._flow)
        return Backward(tuple(nodes), tuple(self.cuts), tuple(notes))

    def close(self) -> None:
        """Let the arrays go."""
        self._recorder.operations.clear()


def _again(asked: Differentiated) -> tuple[Recorder, list[tuple[str, Any]], Any]:
    """The function run once more.

    Raises:
        InputError: It cannot be, since it keeps state, as those inside ``nnx.grad`` do.
    """
    try:
        return run_again(asked)
    except Exception as error:
        text = str(error).partition("\n")[0]
        raise InputError(
            "The cell has run. The function that it takes a gradient of cannot be run once more, "
            f"which drawing it needs: {type(error).__name__}: {text}",
            "Call the function itself in the cell, loss = f(x), without its gradient.",
        ) from None


class JaxAutograd:
    """JAX's part of this room."""

    def owns(self, value: object) -> bool:
        """Whether it is an array."""
        return isinstance(value, jax.Array)

    @contextmanager
    def recording(
        self,
        filename: str,  # noqa: ARG002 - the stack of each operation tells all files of the user's
        namespace: Mapping[str, object],
    ) -> Iterator[JaxRecording]:
        """Note every operation and the user's line behind it."""
        recorder = Recorder()
        recording = JaxRecording(recorder, namespace)
        with recorder.recording():
            yield recording

    def existing(
        self,
        target: Target,
        namespace: Mapping[str, object],  # noqa: ARG002 - there is nothing to name
    ) -> Backward:
        """There is no graph behind an array that exists already.

        Raises:
            InputError: Always.
        """
        raise InputError(
            f"{target.name} is an array of JAX, which keeps no graph.",
            "Put %%autograd above the cell that makes it: it records one.",
        )
