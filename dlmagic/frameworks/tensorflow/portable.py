"""TensorFlow's settings in another process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf

from dlmagic.frameworks.tensorflow import _compat as compat

Setting = tuple[str, Callable[[], Any], Callable[[Any], object]]


def _all() -> Iterator[Setting]:
    config, threading = tf.config, tf.config.threading
    # Threads first: they can be set only before anything is computed.
    yield (
        "threads within an operation",
        threading.get_intra_op_parallelism_threads,
        threading.set_intra_op_parallelism_threads,
    )
    yield (
        "threads between operations",
        threading.get_inter_op_parallelism_threads,
        threading.set_inter_op_parallelism_threads,
    )
    yield "tf.functions run eagerly", config.functions_run_eagerly, config.run_functions_eagerly
    yield (
        "soft device placement",
        config.get_soft_device_placement,
        config.set_soft_device_placement,
    )
    yield (
        "TF32",
        config.experimental.tensor_float_32_execution_enabled,
        config.experimental.enable_tensor_float_32_execution,
    )
    yield "jit", config.optimizer.get_jit, lambda jit: config.optimizer.set_jit(jit or False)
    yield (
        "optimizer options",
        config.optimizer.get_experimental_options,
        compat.set_optimizer_options,
    )


def settings() -> dict[str, object]:
    """Every setting by name that decides what or how fast TensorFlow computes."""
    return {name: read() for name, read, _ in _all()}


def take_over(settings: Mapping[str, object]) -> None:
    """Set what differs from another process's settings."""
    for name, read, write in _all():
        if name in settings and read() != settings[name]:
            write(settings[name])
