"""One line that says what is going on, and is gone when it is done."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from dlmagic.display.parts import printable, shorten

_PAUSE = 0.25
"""Seconds between two updates at least: a reader follows no more, and a front end stays quick."""


class Line(Protocol):
    """A place that shows one line at a time."""

    def show(self, text: str) -> None:
        """Replace what is shown."""

    def clear(self) -> None:
        """Leave nothing behind."""


class Progress:
    """A context manager that shows the latest of many messages.

    In a notebook it is an output that the saved notebook does not keep, in a terminal
    the current line of stderr, and nothing anywhere else.

    Args:
        alone: Whether this is the only output of the notebook cell so far, as in a cell
            magic. Then the outputs are cleared at the end. Otherwise there may be output
            of the user's that must stay, and no way to take back a single one: the line
            becomes empty instead.
        line: Where to show it; found out from the surroundings by default.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        *,
        alone: bool = True,
        line: Line | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._line = surroundings(alone=alone) if line is None else line
        self._clock = clock
        self._next_time = float("-inf")
        self._shown = ""

    def update(self, text: str) -> None:
        """Show a message, unless one that differs in its numbers only was shown a moment ago."""
        now = self._clock()
        if now < self._next_time and _without_numbers(text) == _without_numbers(self._shown):
            return
        self._next_time = now + _PAUSE
        self._shown = text
        self._line.show(printable(shorten(text, 200)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shown:
            self._shown = ""
            self._line.clear()


def _without_numbers(text: str) -> str:
    return re.sub(r"\d+", "", text)


def surroundings(*, alone: bool = True) -> Line:
    """Where a line can be shown: a notebook, a terminal, or nowhere."""
    # Whoever runs in a notebook has imported IPython; nobody else needs to.
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    if getattr(shell, "kernel", None) is not None:
        return NotebookLine(alone=alone)
    if sys.stderr is not None and sys.stderr.isatty():
        return TerminalLine(sys.stderr)
    return Nowhere()


class NotebookLine:
    """An output of the running cell that is updated in place."""

    def __init__(self, *, alone: bool) -> None:
        self._alone = alone
        self._handle: Any = None

    def show(self, text: str) -> None:
        """Replace what is shown."""
        self._publish({"text/plain": text})

    def clear(self) -> None:
        """Take the output away, or where there may be others, its content."""
        if self._alone:
            from IPython.display import clear_output

            clear_output()
        else:
            self._publish({"text/plain": "", "text/html": ""})  # exporters warn of less

    def _publish(self, bundle: dict[str, str]) -> None:
        if self._handle is None:
            from IPython.display import DisplayHandle

            self._handle = DisplayHandle()
            self._handle.display(bundle, raw=True)
        else:
            self._handle.update(bundle, raw=True)


class TerminalLine:
    """The current line of a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._width = 0

    def show(self, text: str) -> None:
        """Replace what is shown."""
        # A line that wraps could not be taken back by a carriage return.
        fitting = shorten(text, max(shutil.get_terminal_size().columns - 1, 1))
        self._write(fitting)
        self._width = len(fitting)

    def clear(self) -> None:
        """Blank the line and return to its start."""
        self._write("")
        self._width = 0
        self._stream.write("\r")
        self._stream.flush()

    def _write(self, text: str) -> None:
        self._stream.write(f"\r{text.ljust(self._width)}")
        self._stream.flush()


class Nowhere:
    """Shows nothing: a log, a pipe, a test."""

    def show(self, text: str) -> None:
        """Nothing to do."""

    def clear(self) -> None:
        """Nothing to do."""
