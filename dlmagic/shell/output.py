"""What a cell prints and displays in a notebook while it runs for a measurement."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.cell.output import heard_again, streams_dropped

_INLINE = "matplotlib_inline.backend_inline"
_PYPLOT = "matplotlib.pyplot"


class NotebookOutput:
    """Standard streams, ``display()`` and inline figures of a shell.

    What is to be shown waits for the end of :meth:`delayed`: until then a line of progress
    stands in its place, and taking that line away takes away whatever else was shown.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell: Any = shell
        self.nowhere = _Dropping(parent=shell)  # type: ignore[no-untyped-call]
        self.waiting: list[Callable[[], object]] = []

    @contextmanager
    def delayed(self) -> Iterator[None]:
        """Show what waits when the block is left, also by an exception or an interrupt."""
        publisher = self.shell.display_pub
        try:
            with heard_again(1, 2):
                yield
        finally:
            self.shell.display_pub = publisher
            while self.waiting:
                self.waiting.pop(0)()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show what the cell prints, displays and draws, later and in that order."""
        streams, publisher = (sys.stdout, sys.stderr), self.shell.display_pub
        sys.stdout, sys.stderr = (_Delaying(stream, self.waiting) for stream in streams)
        self.shell.display_pub = _DelayingPublisher(publisher, self.waiting, parent=self.shell)
        try:
            yield
            # Inline figures are drawn at the end of a cell; later runs must not draw into them.
            if _INLINE in sys.modules:
                sys.modules[_INLINE].flush_figures()
        finally:
            sys.stdout, sys.stderr = streams
            self.shell.display_pub = publisher

    @contextmanager
    def dropped(self) -> Iterator[None]:
        """Drop what the cell prints, displays and draws."""
        publisher, figures = self.shell.display_pub, _open_figures()
        self.shell.display_pub = self.nowhere
        try:
            with streams_dropped():
                yield
        finally:
            self.shell.display_pub = publisher
            _close_figures(except_for=figures)


class _Delaying(io.TextIOBase):
    """A stream whose text is written to another one later."""

    def __init__(self, stream: Any, waiting: list[Callable[[], object]]) -> None:
        self.stream = stream
        self.waiting = waiting

    def write(self, text: str) -> int:
        """Note the text; return how many characters that was."""
        self.waiting.append(lambda: self.stream.write(text))
        return len(text)

    def writable(self) -> bool:
        """A stream for writing only."""
        return True


class _DelayingPublisher(DisplayPublisher):
    """A publisher whose displays are published by another one later."""

    def __init__(
        self, publisher: Any, waiting: list[Callable[[], object]], parent: InteractiveShell
    ) -> None:
        super().__init__(parent=parent)  # type: ignore[no-untyped-call]
        self.publisher = publisher
        self.waiting = waiting

    def publish(self, *arguments: Any, **keywords: Any) -> None:
        """Note what ``display()`` was given."""
        self.waiting.append(lambda: self.publisher.publish(*arguments, **keywords))

    def clear_output(self, wait: bool = False) -> None:
        """Note that the cell cleared its output."""
        self.waiting.append(lambda: self.publisher.clear_output(wait))


class _Dropping(DisplayPublisher):
    """A publisher that shows nothing."""

    def publish(self, *arguments: Any, **keywords: Any) -> None:
        """Drop what ``display()`` was given."""

    def clear_output(self, wait: bool = False) -> None:
        """Leave the notebook's own output alone."""


def _open_figures() -> frozenset[int]:
    pyplot: Any = sys.modules.get(_PYPLOT)
    return frozenset(pyplot.get_fignums()) if pyplot else frozenset()


def _close_figures(*, except_for: frozenset[int]) -> None:
    """Close the figures that a run has drawn, which would be shown at the end of the cell."""
    for number in _open_figures() - except_for:
        sys.modules[_PYPLOT].close(number)
