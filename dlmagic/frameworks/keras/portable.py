"""Keras' settings in another process; its backend is chosen when it is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras

Setting = tuple[str, Callable[[], Any], Callable[[Any], object]]


def _all() -> Iterator[Setting]:
    config = keras.config
    yield "floatx", config.floatx, config.set_floatx
    yield "epsilon", config.epsilon, config.set_epsilon
    yield "image data format", config.image_data_format, config.set_image_data_format
    yield "dtype policy", lambda: config.dtype_policy().name, config.set_dtype_policy


def settings() -> dict[str, object]:
    """Every setting by name that decides what Keras computes."""
    return {name: read() for name, read, _ in _all()}


def take_over(settings: Mapping[str, object]) -> None:
    """Set what differs from another process's settings."""
    for name, read, write in _all():
        if name in settings and read() != settings[name]:
            write(settings[name])
