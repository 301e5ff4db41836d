"""Noting every operation of JAX while a cell runs: what goes in, what comes out, which line.

JAX keeps no graph: an array knows nothing of where it comes from. So the operations are noted
when they run, once and as in a plain run; the namespace gets the arrays that they give.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jax

from dlmagic.frameworks.captured import Call, users_call
from dlmagic.frameworks.jax import _compat as compat


@dataclass(frozen=True)
class Operation:
    """One operation that has run.

    Attributes:
        primitive: What JAX calls it.
        functions: Of one with a gradient of its own: the function and its rules.
        inputs: Arrays and numbers, as it got them.
        params: Everything else that it depends on.
        outputs: The arrays that it gave.
        call: The user's code that led to it.
    """

    primitive: Any
    functions: tuple[Any, ...]
    inputs: tuple[Any, ...]
    params: Mapping[str, Any]
    outputs: tuple[Any, ...]
    call: Call


@dataclass(frozen=True)
class Differentiated:
    """A function that the cell has taken a gradient of, by ``jax.grad`` or its like.

    Attributes:
        function: Takes what the gradient was taken with respect to.
        arguments: The values.
        result: What it returned.
    """

    function: Any
    arguments: tuple[Any, ...]
    result: Any


class Recorder:
    """Notes operations; they are held, so that each array keeps its identity.

    Attributes:
        operations: In the order in which they ran.
        asked: What the cell took a gradient of last. From then on no operation is noted: a
            training loop does not pile up its arrays.
        works: Whether this JAX tells of its operations.
    """

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.asked: Differentiated | None = None
        self.works = True

    @contextmanager
    def recording(self) -> Iterator[None]:
        """While active, operations are noted."""
        with compat.operations_told(self._note, self._note_asked) as self.works:
            yield

    def _note(
        self,
        primitive: Any,
        functions: tuple[Any, ...],
        inputs: Sequence[Any],
        params: Mapping[str, Any],
        outputs: Sequence[Any],
    ) -> None:
        if self.asked is None:
            call = users_call(sys._getframe(1))
            self.operations.append(
                Operation(primitive, functions, tuple(inputs), params, tuple(outputs), call)
            )

    def _note_asked(self, function: Any, arguments: tuple[Any, ...], result: Any) -> None:
        self.operations.clear()
        self.asked = Differentiated(function, arguments, result)


def run_again(asked: Differentiated) -> tuple[Recorder, list[tuple[str, Any]], Any]:
    """Run a differentiated function once more, now with every operation noted.

    Args:
        asked: The function and the values of its arguments.

    Returns:
        What was noted, the arguments' arrays by the function's own names, and its first array.
    """
    arguments = jax.tree_util.tree_map(_alone, asked.arguments)
    recorder = Recorder()
    function = getattr(asked.function, "call_wrapped", asked.function)
    with recorder.recording():
        result = function(*arguments)
    jax.effects_barrier()  # what it prints comes while nobody listens
    given = jax.tree_util.tree_flatten_with_path(arguments)[0]
    _, names = compat.differentiated(asked.function)
    named = [(_written(path, names), array) for path, array in given]
    return recorder, named, jax.tree_util.tree_leaves(result)[0]


def _alone(value: Any) -> Any:
    """An array that is no other object that the function reads."""
    return compat.apart(jax.numpy.asarray(value), [value])


def _written(path: tuple[Any, ...], names: Sequence[str]) -> str:
    place = path[0].idx
    name = names[place] if place < len(names) else f"argument {place + 1}"
    return f"{name}{jax.tree_util.keystr(path[1:])}"
