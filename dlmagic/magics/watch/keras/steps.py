"""Hearing of every step of an optimiser of Keras, at once or while it is traced."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import keras

Apply = Callable[..., Any]
Around = Callable[[Apply, Any, list[Any], Any], Any]
"""Takes how to go on, the optimiser, its gradients and its variables (or None); goes on with
the latter two."""

_hearers: list[Around] = []
_original: list[tuple[Apply, bool]] = []
_turn = threading.Lock()


def hear_steps(around: Around) -> None:
    """Be told of steps; all optimisers share one method, which the first one replaces."""
    with _turn:
        if not _hearers:
            _replace()
        _hearers.append(around)


def stop_hearing(around: Around) -> None:
    """Be told no longer; the last one puts the method back."""
    with _turn:
        if around in _hearers:
            _hearers.remove(around)
            if not _hearers:
                _put_back()


def _replace() -> None:
    kind: Any = keras.optimizers.Optimizer
    original = kind.apply
    _original.append((original, "apply" in vars(kind)))

    @wraps(original)
    def apply(optimizer: Any, grads: Any, trainable_variables: Any = None) -> Any:
        go_on = partial(original, optimizer)
        for around in tuple(_hearers):
            go_on = partial(around, go_on, optimizer)
        return go_on(grads, trainable_variables)

    # A graph of TensorFlow takes it as it is; Keras' own code is not rewritten, either.
    kind.apply = _unconverted(apply)


def _put_back() -> None:
    kind: Any = keras.optimizers.Optimizer
    original, is_its_own = _original.pop()
    if is_its_own:
        kind.apply = original
    else:
        del kind.apply


def _unconverted(function: Apply) -> Apply:
    """The function, which AutoGraph is to leave alone where there is one."""
    if keras.backend.backend() != "tensorflow":
        return function
    from dlmagic.magics.watch.tensorflow.recorder import unconverted

    return unconverted(function)
