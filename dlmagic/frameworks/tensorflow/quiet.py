"""Keeping quiet while a mode runs: what TensorFlow writes, logs and warns of meanwhile.

Its C++ parts write to file descriptor 2 past Python ("Compiled cluster using XLA", the end of
every data set, ``tf.print`` in a graph); their log levels are read once, when TensorFlow is
imported. So for the time of the calls that descriptor leads nowhere. What it costs, about
10 us, lies outside the single calls of a block.
"""

from __future__ import annotations

import logging
import warnings
from types import TracebackType
from typing import Any

import tensorflow as tf

from dlmagic.cell.output import descriptors_dropped

_LOGGERS = tuple(map(logging.getLogger, ("tensorflow", "absl")))
_STDERR = 2


class Quiet(warnings.catch_warnings):
    """While active, functions run eagerly or not, and TensorFlow says nothing but errors.

    Args:
        eagerly: Whether functions that the user wrapped in ``tf.function`` run eagerly as well.
    """

    def __init__(self, *, eagerly: bool) -> None:
        super().__init__(record=False)
        self._eagerly = eagerly

    def __enter__(self) -> None:
        super().__enter__()
        warnings.filterwarnings("ignore", module=r"(tensorflow|keras)(\.|$)")
        warnings.filterwarnings("ignore", message="Even though the `tf.config")
        self._before = tf.config.functions_run_eagerly()
        tf.config.run_functions_eagerly(self._eagerly)
        for logger in _LOGGERS:
            logger.addFilter(_only_errors)
        self._descriptor = descriptors_dropped(_STDERR)
        self._descriptor.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._descriptor.__exit__(None, None, None)
        for logger in _LOGGERS:
            logger.removeFilter(_only_errors)
        tf.config.run_functions_eagerly(self._before)
        super().__exit__(kind, error, traceback)


def eagerly() -> Quiet:
    """Every function runs operation by operation, also what the user wrapped in tf.function."""
    return Quiet(eagerly=True)


def in_graphs() -> Quiet:
    """Functions become graphs, whatever the user has set."""
    return Quiet(eagerly=False)


def _only_errors(record: Any) -> bool:
    return bool(record.levelno >= logging.ERROR)
