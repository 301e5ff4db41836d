"""A second tape beside each of the user's, which records the same and can be asked once more.

The user's own tape is never touched: one that is not persistent may be asked once, by the user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any, Protocol

import tensorflow as tf

from dlmagic.frameworks.tensorflow import _compat as compat


class Companion(tf.GradientTape):  # type: ignore[misc]
    """A tape of dlmagic's.

    Args:
        watches_variables: Whether it watches every trainable variable that is read.

    Attributes:
        watched: The tensors that it was told to watch.
        records: Whether it is recording.
    """

    def __init__(self, *, watches_variables: bool = True) -> None:
        super().__init__(persistent=True, watch_accessed_variables=watches_variables)
        self.watched: list[Any] = []
        self.records = False

    def begin(self) -> None:
        """Record from here on."""
        if not self.records:
            self.__enter__()
            self.records = True

    def end(self) -> None:
        """Record no more."""
        if self.records:
            self.records = False
            self.__exit__(None, None, None)


class TapeListener(Protocol):
    """What happens to the user's tapes; called after it has happened."""

    def entered(self, tape: Any) -> None:
        """It records from here on."""

    def left(self, tape: Any) -> None:
        """It records no more."""

    def watched(self, tape: Any, tensor: Any) -> None:
        """It watches a tensor, a variable, or several."""

    def forgot(self, tape: Any) -> None:
        """It was reset."""

    def asking(self, tape: Any) -> None:
        """It is about to be asked for gradients."""

    def asked(self, tape: Any, target: Any) -> None:
        """It was asked for gradients of a target."""


@contextmanager
def tapes_told(listener: TapeListener) -> Iterator[None]:
    """While active, a listener is told what happens to every tape of the user's.

    Functions that are traced meanwhile find TensorFlow's own methods in these.
    """
    replacements: dict[str, Callable[[Any], Any]] = {
        "__enter__": lambda original: _then(original, listener.entered),
        "__exit__": lambda original: _then(original, lambda tape, *_: listener.left(tape)),
        "watch": lambda original: _then(original, listener.watched),
        "reset": lambda original: _then(original, listener.forgot),
        "stop_recording": lambda original: _stopping(original, listener),
        "gradient": lambda original: _asking(original, listener),
        "jacobian": lambda original: _asking(original, listener),
        "batch_jacobian": lambda original: _asking(original, listener),
    }
    with ExitStack() as stack:
        for name, replacement in replacements.items():
            stack.enter_context(_replaced(name, replacement))
        yield


@contextmanager
def _replaced(name: str, replacement: Callable[[Any], Any]) -> Iterator[None]:
    original = vars(tf.GradientTape)[name]
    method = tf.autograph.experimental.do_not_convert(replacement(original))
    setattr(tf.GradientTape, name, method)
    try:
        yield
    finally:
        setattr(tf.GradientTape, name, original)


def _is_users(tape: object) -> bool:
    """Whether a tape is the user's, and what it records runs at once."""
    return not isinstance(tape, Companion) and tf.executing_eagerly()


def _then(original: Any, tell: Callable[..., None]) -> Any:
    @wraps(original)
    def method(tape: Any, *given: Any, **named: Any) -> Any:
        result = original(tape, *given, **named)
        if _is_users(tape):
            tell(tape, *given, **named)
        return result

    return method


def _asking(original: Any, listener: TapeListener) -> Any:
    @wraps(original)
    def method(tape: Any, target: Any, *given: Any, **named: Any) -> Any:
        if not _is_users(tape):
            return original(tape, target, *given, **named)
        listener.asking(tape)
        result = original(tape, target, *given, **named)
        listener.asked(tape, target)
        return result

    return method


def _stopping(original: Any, listener: TapeListener) -> Any:
    @contextmanager
    def method(tape: Any) -> Iterator[None]:
        with original(tape):
            if not _is_users(tape):
                yield
                return
            listener.left(tape)
            try:
                yield
            finally:
                listener.entered(tape)

    return wraps(original)(method)


def companion_of(tape: Any) -> Companion:
    """A new tape that records what a tape of the user's does."""
    return Companion(watches_variables=compat.watches_variables(tape))
