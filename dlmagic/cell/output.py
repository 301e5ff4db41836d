"""What a cell prints and shows while it runs for a measurement: kept once, else dropped."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, redirect_stderr, redirect_stdout
from typing import Protocol


class Output(Protocol):
    """Where the output of a cell goes."""

    def kept(self) -> AbstractContextManager[Callable[[], None]]:
        """While active, output is kept; the value shows it, once and in its place."""

    def dropped(self) -> AbstractContextManager[None]:
        """While active, output is dropped."""


class NullWriter(io.TextIOBase):
    """A text stream that drops what is written to it."""

    def write(self, text: str) -> int:
        """Drop the text; return how many characters that was."""
        return len(text)

    def writable(self) -> bool:
        """A stream for writing only."""
        return True


_NOWHERE = NullWriter()


@contextmanager
def streams_dropped() -> Iterator[None]:
    """While active, standard output and standard error are dropped."""
    before = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = _NOWHERE
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


class StreamOutput:
    """Output of a script or a plain Python session: the two standard streams."""

    @contextmanager
    def kept(self) -> Iterator[Callable[[], None]]:
        """Keep what is printed."""
        printed, reported = io.StringIO(), io.StringIO()

        def show() -> None:
            sys.stdout.write(printed.getvalue())
            sys.stderr.write(reported.getvalue())

        with redirect_stdout(printed), redirect_stderr(reported):
            yield show

    def dropped(self) -> AbstractContextManager[None]:
        """Drop what is printed."""
        return streams_dropped()
