"""What a run says while it runs: prints and log records, each with the user's line."""

from __future__ import annotations

import io
import logging
import os
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Literal, TextIO

from dlmagic.frameworks.captured import Frame, innermost_frame


@dataclass(frozen=True)
class Effect:
    """Something that a run did besides computing.

    Attributes:
        kind: ``print`` for what goes to standard output or error, ``log`` for a log record.
        text: What was said.
        frame: The innermost line of the cell that led to it, or None.
    """

    kind: Literal["print", "log"]
    text: str
    frame: Frame | None


_LIBRARIES = ("tensorflow", "absl", "jax", "torch", "numba", "keras")
"""Loggers by which compilers speak of themselves."""

_ALSO_IN_GRAPHS = "tensorflow/python/ops/logging_ops.py"
"""Where ``tf.print`` stands. In a notebook it writes by way of Python when it runs at once, and
past Python in a graph, where nobody can note it; so it is not noted at all."""

_OF_WARNINGS = warnings.WarningMessage.__init__.__code__.co_filename
"""Where warnings are shown. Most are given only once in a process, so a later run has none."""

EffectKey = tuple[str, Frame | None]
"""Kind and line of what was said."""


@dataclass
class Effects:
    """Everything that one run said, in order.

    Attributes:
        found: What was said.
        paused: Whether nothing is noted at present.
    """

    found: list[Effect] = field(default_factory=list)
    paused: bool = False

    @contextmanager
    def not_noted(self) -> Iterator[None]:
        """While active, nothing is noted."""
        self.paused = True
        try:
            yield
        finally:
            self.paused = False

    def note_print(self, text: str, frame: Frame | None) -> None:
        """Note a piece of text that was written; pieces up to the end of a line are one print."""
        if self.paused:
            return
        last = self.found[-1] if self.found else None
        if last and last.kind == "print" and last.frame == frame and not last.text.endswith("\n"):
            self.found[-1] = Effect("print", last.text + text, frame)
        elif text:
            self.found.append(Effect("print", text, frame))

    @property
    def texts(self) -> list[str]:
        """What was said, in order, wherever it came from."""
        return [effect.text for effect in self.found]

    def by_line(self) -> dict[EffectKey, Counter[str]]:
        """How often each text came from each line, by kind and line."""
        lines: dict[EffectKey, Counter[str]] = {}
        for effect in self.found:
            texts = lines.setdefault((effect.kind, effect.frame), Counter())
            texts[effect.text] += 1
        return lines


@contextmanager
def recording(filename: str, *, heard: bool = True) -> Iterator[Effects]:
    """While active, what is printed or logged is noted; prints go where they went before as well.

    Args:
        filename: The cell's, to find the line that a text came from.
        heard: Whether log records reach their handlers, too.
    """
    effects = Effects()
    before = sys.stdout, sys.stderr
    sys.stdout = _Recorder(before[0], effects, filename)
    sys.stderr = _Recorder(before[1], effects, filename)
    try:
        with _log_records(_LogRecorder(effects, filename), heard=heard):
            yield effects
    finally:
        sys.stdout, sys.stderr = before


@contextmanager
def _log_records(recorder: logging.Handler, *, heard: bool) -> Iterator[None]:
    """Let a handler see all log records, also where nobody else is to see them."""
    if heard:
        logging.root.addHandler(recorder)
        try:
            yield
        finally:
            logging.root.removeHandler(recorder)
        return
    disabled, call_handlers = logging.root.manager.disable, logging.Logger.callHandlers

    def only_noted(logger: logging.Logger, record: logging.LogRecord) -> None:
        if logger.propagate or record.levelno > logging.DEBUG:
            recorder.handle(record)
        else:
            call_handlers(logger, record)  # a channel of a library's own, which shows nothing

    logging.disable(logging.NOTSET)  # what is disabled altogether is not even made
    logging.Logger.callHandlers = only_noted  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        logging.Logger.callHandlers = call_handlers  # type: ignore[method-assign]
        logging.disable(disabled)


class _Recorder(io.TextIOBase):
    """A stream that notes what is written and passes it on."""

    def __init__(self, stream: TextIO, effects: Effects, filename: str) -> None:
        self._stream = stream
        self._effects = effects
        self._filename = filename

    def write(self, text: str) -> int:
        if not _is_nobodys_print(sys._getframe(1)):
            self._effects.note_print(text, innermost_frame(self._filename, sys._getframe(1)))
        return self._stream.write(text)

    @property
    def encoding(self) -> str:  # type: ignore[override]  # progress bars ask what they may write
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return self._stream.errors

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def flush(self) -> None:
        self._stream.flush()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()


def _is_nobodys_print(frame: FrameType | None) -> bool:
    """Whether a text is a warning, or comes from what prints in a graph as well."""
    stack = (each.f_code.co_filename for each, _ in traceback.walk_stack(frame))
    return any(
        name == _OF_WARNINGS or name.replace(os.sep, "/").endswith(_ALSO_IN_GRAPHS)
        for name in stack
    )


class _LogRecorder(logging.Handler):
    """Notes log records; who shows them is the user's affair."""

    def __init__(self, effects: Effects, filename: str) -> None:
        super().__init__(logging.DEBUG)
        self._effects = effects
        self._filename = filename

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in _LIBRARIES or record.name == "py.warnings":
            return
        frame = innermost_frame(self._filename, sys._getframe(1))
        if frame is not None and not self._effects.paused:  # others log for themselves, too
            self._effects.found.append(Effect("log", _said(record), frame))


def _said(record: logging.LogRecord) -> str:
    """Level and text of a log record; of one whose arguments do not fit, the text as it stands."""
    try:
        return f"{record.levelname}: {record.getMessage()}"
    except Exception:  # logging itself reports it
        return f"{record.levelname}: {record.msg}"
