"""Hearing of every step of a Keras optimiser that runs at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from typing import Any

import tensorflow as tf

Around = Callable[[Any, Sequence[Any]], AbstractContextManager[None]]
"""Takes an optimiser and its gradients; is entered while it steps."""


@contextmanager
def steps_told(around: Around) -> Iterator[None]:
    """While active, steps of optimisers are told of, if the user has imported Keras.

    Those in a graph are not: they run later, and without Python.
    """
    optimizers = getattr(sys.modules.get("keras"), "optimizers", None)
    kind = getattr(optimizers, "Optimizer", None)
    if kind is None or not hasattr(kind, "apply"):
        yield
        return
    original, is_its_own = kind.apply, "apply" in vars(kind)
    kind.apply = _applying(original, around)
    try:
        yield
    finally:
        if is_its_own:
            kind.apply = original
        else:
            del kind.apply


def _applying(original: Any, around: Around) -> Any:
    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    @wraps(original)
    def apply(optimizer: Any, grads: Any, *given: Any, **named: Any) -> Any:
        if not tf.executing_eagerly():
            return original(optimizer, grads, *given, **named)
        gradients = list(grads)
        with around(optimizer, gradients):
            return original(optimizer, gradients, *given, **named)

    return apply
