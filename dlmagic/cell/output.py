"""What a cell prints and shows while it runs for a measurement: shown once, else dropped."""

from __future__ import annotations

import io
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol


class Output(Protocol):
    """Where the output of a cell goes."""

    def shown(self) -> AbstractContextManager[None]:
        """While active, output is shown, at once or when nothing stands in its place."""

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
    """While active, standard output and standard error are dropped, and log records too.

    Handlers of ``logging`` keep the stream that they were made with.
    """
    before = sys.stdout, sys.stderr
    disabled = logging.root.manager.disable
    sys.stdout = sys.stderr = _NOWHERE
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(disabled)
        sys.stdout, sys.stderr = before


@contextmanager
def descriptors_dropped(*descriptors: int) -> Iterator[None]:
    """While active, what is written to file descriptors past Python is dropped, too.

    Libraries in C++ write there. It takes about 10 us, so it is for whole runs, or for blocks
    of calls.

    Args:
        descriptors: Such as 2, standard error.
    """
    kept = [(number, _lead_nowhere(number)) for number in descriptors]
    try:
        yield
    finally:
        _lead_back(kept)


@contextmanager
def heard_again(*descriptors: int) -> Iterator[None]:
    """Afterwards all is heard that was heard before, whatever was dropped meanwhile.

    An interrupt may come between any two steps, so that what drops output cannot put it back.

    Args:
        descriptors: File descriptors that may have led nowhere, too.
    """
    before, disabled = (sys.stdout, sys.stderr), logging.root.manager.disable
    warned, quieted = warnings.filters, set(_quieted_loggers())
    kept = [(number, _copy_of(number)) for number in descriptors]
    try:
        yield
    finally:
        _lead_back(kept)
        logging.disable(disabled)
        for logger, own in set(_quieted_loggers()) - quieted:
            logger.removeFilter(own)
        if warnings.filters is not warned:  # a copy, in which somebody had to change something
            warnings.filters = warned
            with warnings.catch_warnings():
                pass  # Python now asks the filters anew
        sys.stdout, sys.stderr = before


def _quieted_loggers() -> Iterator[tuple[logging.Logger, Callable[..., Any]]]:
    """Loggers that we keep from telling all they have to tell, each with our filter."""
    known = list(logging.root.manager.loggerDict.values())
    for logger in (each for each in known if isinstance(each, logging.Logger)):
        for each in logger.filters:
            if callable(each) and str(getattr(each, "__module__", "")).startswith("dlmagic."):
                yield logger, each


def _lead_back(kept: Sequence[tuple[int, int | None]]) -> None:
    """Let descriptors lead where their copies lead."""
    for number, copy in kept:
        if copy is not None:
            os.dup2(copy, number)
            os.close(copy)


def _copy_of(descriptor: int) -> int | None:
    """A copy of a descriptor; None where there is none."""
    try:
        return os.dup(descriptor)
    except OSError:
        return None


def _lead_nowhere(descriptor: int) -> int | None:
    """Let a descriptor lead nowhere; returns a copy of it, None where there is none."""
    copy = _copy_of(descriptor)
    if copy is None:
        return None
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
    return copy


@contextmanager
def unheard(output: Output) -> Iterator[None]:
    """While active, nothing that the cell or a library says is shown: for runs after the first."""
    with output.dropped(), descriptors_dropped(1, 2), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class StreamOutput:
    """Output of a script or a plain Python session: the two standard streams."""

    def shown(self) -> AbstractContextManager[None]:
        """Show what is printed."""
        return nullcontext()

    def dropped(self) -> AbstractContextManager[None]:
        """Drop what is printed."""
        return streams_dropped()


class PrintsOnce:
    """Output of a cell that runs with one value after the other: shown for the first alone.

    Args:
        output: Where it goes.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._muted = False

    def mute(self) -> None:
        """Show nothing from now on."""
        self._muted = True

    def shown(self) -> AbstractContextManager[None]:
        """Show what is printed, unless it is muted."""
        return self._output.dropped() if self._muted else self._output.shown()

    def dropped(self) -> AbstractContextManager[None]:
        """Drop what is printed."""
        return self._output.dropped()
