"""TensorFlow's global state: where random numbers come from, and settings.

What can be put back of random numbers, tried with TensorFlow 2.21:

- With a global seed (``tf.random.set_seed``) every eager operation takes its seed from one
  counter, which is put back; all operations begin anew then, those with a seed of their own
  included.
- Without one, each operation draws from a state that nobody can read or set: such a cell does
  not repeat itself. That it draws is noticed (:mod:`dlmagic.frameworks.tensorflow.draws`).
- ``tf.random.Generator`` keeps its state in a variable, saved like all variables.
- Operations inside a graph draw numbers of their own, other ones than the eager ones; under XLA
  even those that take their seed as an argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import tensorflow as tf

from dlmagic.frameworks.plain.state import SavedState
from dlmagic.frameworks.protocol import Saved, SavedNothing
from dlmagic.frameworks.tensorflow import _compat as compat
from dlmagic.frameworks.tensorflow.draws import drawn
from dlmagic.frameworks.tensorflow.variables import SavedVariable


class SavedRandomness(SavedState):
    """A setting that random numbers come from, so that a change means that some were drawn."""


class SavedDraws(SavedNothing):
    """How often random numbers had been drawn, with or without a state that tells of it."""

    def __init__(self) -> None:
        self._drawn = drawn()

    def restore(self) -> None:
        """Count from here."""
        self._drawn = drawn()

    def advanced(self) -> bool:
        """Whether some were drawn since."""
        return drawn() != self._drawn


class SavedGenerator(SavedRandomness):
    """The global generator, and what its variable holds."""

    def __init__(self) -> None:
        super().__init__(compat.global_generator, compat.set_global_generator)
        self._contents = None if self._state is None else SavedVariable(self._state.state)

    def changed(self) -> bool:
        """Whether it is another one, or has been drawn from."""
        if self._read() is not self._state:
            return True
        return self._contents is not None and self._contents.changed()

    def restore(self) -> None:
        """Let the same numbers come again."""
        if self._read() is not self._state:
            self._write(self._state)
        if self._contents is not None:
            self._contents.restore()


def save_ambient() -> Iterator[Saved]:
    """Everything global that a cell can set and that changes what or how fast it computes."""
    if compat.random_source() is not None:
        yield SavedRandomness(compat.random_source, lambda state: compat.set_random_source(*state))
    yield SavedGenerator()
    yield SavedDraws()
    config = tf.config
    yield SavedState(config.functions_run_eagerly, config.run_functions_eagerly)
    yield SavedState(config.get_soft_device_placement, config.set_soft_device_placement)
    yield SavedState(
        config.experimental.tensor_float_32_execution_enabled,
        config.experimental.enable_tensor_float_32_execution,
    )
    yield SavedState(config.optimizer.get_jit, lambda jit: config.optimizer.set_jit(jit or False))
    yield SavedState(config.optimizer.get_experimental_options, compat.set_optimizer_options)
    yield SavedState(tf.debugging.get_log_device_placement, tf.debugging.set_log_device_placement)


def settings() -> dict[str, str]:
    """What decides about speed and precision, by TensorFlow's own names."""
    threading = tf.config.threading
    return {
        "inter-op threads": _threads(threading.get_inter_op_parallelism_threads()),
        "intra-op threads": _threads(threading.get_intra_op_parallelism_threads()),
        "TF32": _on(tf.config.experimental.tensor_float_32_execution_enabled()),
        "XLA in graphs": str(tf.config.optimizer.get_jit() or "off"),
        "functions run eagerly": _on(tf.config.functions_run_eagerly()),
        "deterministic operations": _deterministic(),
        "soft device placement": _on(tf.config.get_soft_device_placement()),
    }


def _threads(number: int) -> str:
    return str(number) if number else "chosen by TensorFlow"


def _deterministic() -> str:
    known = compat.is_deterministic()
    return "unknown" if known is None else _on(known)


def _on(enabled: bool) -> str:
    return "on" if enabled else "off"


def uses_randomness(before: Iterable[Saved]) -> bool:
    """Whether random numbers were drawn since these were saved."""
    return any(
        (isinstance(item, SavedRandomness) and item.changed())
        or (isinstance(item, SavedDraws) and item.advanced())
        for item in before
    )
