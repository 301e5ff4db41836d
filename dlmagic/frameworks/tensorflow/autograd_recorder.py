"""Noting every operation of TensorFlow while a cell runs, and on which tapes it is recorded."""

from __future__ import annotations

import re
import sys
import weakref
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from dlmagic.cell.source import is_of_others
from dlmagic.frameworks.backward import Cut
from dlmagic.frameworks.captured import Call, users_call
from dlmagic.frameworks.tensorflow import _compat as compat
from dlmagic.frameworks.tensorflow.arrays import is_eager
from dlmagic.frameworks.tensorflow.autograd_tapes import Companion, companion_of, tapes_told

_GRAPH = re.compile(r"^__(?:inference|forward)_(.*)_\d+$")


@dataclass(frozen=True)
class Operation:
    """One operation that has run.

    Attributes:
        kind: TensorFlow's name for it, or that of a function with a gradient of its own.
        inputs: Tensors; a variable's handle stands for the variable.
        outputs: Tensors.
        call: The user's code that led to it.
        tapes: The tapes that record it.
        is_custom: Whether it is a function of the user's with a gradient of its own.
    """

    kind: str
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    call: Call
    tapes: frozenset[Companion]
    is_custom: bool = False


@dataclass(frozen=True)
class Asked:
    """What the cell has asked a tape of its own.

    Attributes:
        tape: The tape beside it.
        target: What it was asked gradients of.
        operations: What had run by then.
    """

    tape: Companion
    target: Any
    operations: tuple[Operation, ...]


@dataclass
class _Users:
    """A tape of the user's, and the one beside it."""

    tape: weakref.ref[Any]
    companion: Companion = field(default_factory=Companion)


class Recorder:
    """Notes operations; hears what happens to the user's tapes.

    Attributes:
        tape: Records the whole cell, until the cell asks a tape of its own.
        operations: What is recorded on a tape that may still be asked, in order.
        asked_last: What the cell asked last.
        works: Whether this TensorFlow tells of its operations.
        within_a_graph: The last graph that got variables, such as that of a step of Keras.
    """

    def __init__(self) -> None:
        self.tape = Companion()
        self.operations: list[Operation] = []
        self.asked_last: Asked | None = None
        self.works = True
        self.within_a_graph: Cut | None = None
        self._users: dict[int, _Users] = {}

    @contextmanager
    def recording(self) -> Iterator[None]:
        """While active, operations are noted."""
        with ExitStack() as stack:
            stack.callback(self._end)
            stack.enter_context(tapes_told(self))
            self.works = stack.enter_context(compat.operations_told(self._note))
            stack.enter_context(compat.custom_gradients_told(self._note_custom))
            self.tape.begin()
            yield

    def _end(self) -> None:
        for each in [self.tape, *(users.companion for users in self._users.values())]:
            each.end()

    def _recording(self) -> frozenset[Companion]:
        tapes = [self.tape, *(users.companion for users in self._users.values())]
        return frozenset(each for each in tapes if each.records)

    def _note(
        self,
        kind: Any,
        inputs: Sequence[Any],
        attributes: Any,  # noqa: ARG002 - TensorFlow's signature
        outputs: Sequence[Any],
        op_name: Any = None,  # noqa: ARG002
        graph: Any = None,
    ) -> None:
        tapes = self._recording()
        if graph is None and tapes:
            text = kind.decode() if isinstance(kind, bytes) else str(kind)
            found = _GRAPH.match(text)
            call = users_call(sys._getframe(1))
            made = tuple(outputs)
            if found and any(each.dtype == tf.resource for each in inputs):
                self.within_a_graph = Cut("within_a_graph", found[1], call.frames)
            self.operations.append(
                Operation(found[1] if found else text, tuple(inputs), made, call, tapes)
            )

    def _note_custom(
        self, kind: str, function: Any, inputs: Sequence[Any], outputs: Sequence[Any]
    ) -> None:
        tapes = self._recording()
        if not tapes or not all(map(is_eager, outputs)):
            return
        found = _GRAPH.match(kind)
        code = getattr(function, "__code__", None)
        own = code is not None and not is_of_others(code.co_filename)
        call = users_call(sys._getframe(1))
        name = found[1] if found else kind.strip("_")
        made = Operation(name, tuple(inputs), tuple(outputs), call, tapes, own)
        self.operations.append(made)

    # What happens to the user's tapes

    def entered(self, tape: Any) -> None:
        """Record beside it."""
        gone = [key for key, users in self._users.items() if users.tape() is None]
        for key in gone:
            del self._users[key]
        if id(tape) not in self._users:
            self._users[id(tape)] = _Users(weakref.ref(tape), companion_of(tape))
        self._users[id(tape)].companion.begin()

    def left(self, tape: Any) -> None:
        """Record no more beside it."""
        if id(tape) in self._users:
            self._users[id(tape)].companion.end()

    def watched(self, tape: Any, tensor: Any) -> None:
        """Watch the same, beside it and for the whole cell."""
        beside = self._users.get(id(tape))
        for each in [self.tape, *([beside.companion] if beside else [])]:
            if each.records:
                each.watch(tensor)
                each.watched += [t for t in tf.nest.flatten(tensor) if is_eager(t)]

    def forgot(self, tape: Any) -> None:
        """Begin anew beside it."""
        if id(tape) in self._users:
            self._users.pop(id(tape)).companion.end()
            self.entered(tape)

    def asking(self, tape: Any) -> None:  # noqa: ARG002 - whichever it is
        """From here on the cell is about what its own tapes record."""
        self.tape.end()

    def asked(self, tape: Any, target: Any) -> None:
        """Note what it was asked; what only this question needed is let go."""
        beside = self._users.get(id(tape))
        found = [each for each in tf.nest.flatten(target) if is_eager(each)]
        if beside is None or not found:
            return
        self.asked_last = Asked(beside.companion, found[0], tuple(self.operations))
        if not compat.is_persistent(tape):
            del self._users[id(tape)]
        kept = {users.companion for users in self._users.values()}
        self.operations = [each for each in self.operations if each.tapes & kept]
