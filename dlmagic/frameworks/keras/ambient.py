"""Keras' global state: types, the global seed, counters of names, how progress is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras

from dlmagic.frameworks.protocol import Saved


class SavedSetting:
    """One global setting with the functions that read and write it."""

    def __init__(self, read: Callable[[], Any], write: Callable[[Any], object]) -> None:
        self._read = read
        self._write = write
        self._value = read()

    def changed(self) -> bool:
        """Whether the value differs."""
        return bool(self._read() != self._value)

    def restore(self) -> None:
        """Set it where it differs."""
        if self.changed():
            self._write(self._value)

    def children(self) -> Iterable[tuple[str, object]]:
        """A setting is a leaf."""
        return ()


def save_ambient() -> Sequence[Saved]:
    """Everything global that a cell can set, and what it counts on."""
    config = keras.config
    return (
        SavedSetting(config.floatx, config.set_floatx),
        SavedSetting(config.epsilon, config.set_epsilon),
        SavedSetting(config.image_data_format, config.set_image_data_format),
        SavedSetting(config.is_interactive_logging_enabled, _set_interactive_logging),
    )


def _set_interactive_logging(enabled: bool) -> None:
    if enabled:
        keras.config.enable_interactive_logging()
    else:
        keras.config.disable_interactive_logging()
