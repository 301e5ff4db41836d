"""What a cell prints and displays in a notebook while it runs for a measurement."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from dlmagic.cell.output import streams_dropped

_INLINE = "matplotlib_inline.backend_inline"


class _Dropping(DisplayPublisher):
    """A publisher that shows nothing."""

    def publish(self, *arguments: Any, **keywords: Any) -> None:
        """Drop what ``display()`` was given."""

    def clear_output(self, wait: bool = False) -> None:
        """Leave the notebook's own output alone."""


class NotebookOutput:
    """Standard streams, ``display()`` and inline figures of a shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell: Any = shell
        self.nowhere = _Dropping(parent=shell)

    @contextmanager
    def kept(self) -> Iterator[Callable[[], None]]:
        """Keep what the cell prints, displays and draws."""
        with capture_output() as captured:
            yield lambda: captured.show()
            # Inline figures are drawn at the end of a cell; later runs must not draw into them.
            if _INLINE in sys.modules:
                sys.modules[_INLINE].flush_figures()

    @contextmanager
    def dropped(self) -> Iterator[None]:
        """Drop what the cell prints, displays and draws."""
        publisher = self.shell.display_pub
        self.shell.display_pub = self.nowhere
        try:
            with streams_dropped():
                yield
        finally:
            self.shell.display_pub = publisher
