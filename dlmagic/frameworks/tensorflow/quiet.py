"""Keeping quiet while a mode runs: what TensorFlow writes, logs and warns of meanwhile.

Its C++ parts write to file descriptor 2 past Python ("Compiled cluster using XLA", the end of
every data set, ``tf.print`` in a graph); their log levels are read once, when TensorFlow is
imported. So for the time of the calls that descriptor leads nowhere. What it costs, about
10 us, lies outside the single calls of a block.
"""

from __future__ import annotations

import logging
import os
import warnings
from contextlib import suppress
from types import TracebackType
from typing import Any

import tensorflow as tf

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
        self._kept = _lead_nowhere()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _lead_back(self._kept)
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


def _lead_nowhere() -> int | None:
    """Let descriptor 2 lead nowhere; returns where it led, None where there is none."""
    try:
        kept = os.dup(_STDERR)
    except OSError:
        return None
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDERR)
    os.close(nowhere)
    return kept


def _lead_back(kept: int | None) -> None:
    if kept is not None:
        os.dup2(kept, _STDERR)
        with suppress(OSError):
            os.close(kept)
