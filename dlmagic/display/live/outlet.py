"""Places where a live view can stand; at its end each is left with the static form."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

REFRESH = 0.9
"""Seconds between two refreshes of a static form, at least."""

Bundle = dict[str, Any]
"""The static form, by MIME type: ``text/plain`` and ``text/html``."""


@dataclass(frozen=True)
class News:
    """Something new to be shown, in both forms.

    Attributes:
        plain: As plain data, for a page.
        static: Makes the static form, which takes longer.
        buffers: Numbers as bytes, which a page finds with the news as ``buffers``.
    """

    plain: dict[str, Any]
    static: Callable[[], Bundle]
    buffers: tuple[bytes, ...] = ()


class Outlet(Protocol):
    """A place for one view."""

    def show(self, static: Bundle) -> None:
        """Show the view where the present cell has its output; again, in another place."""

    def tell(self, news: News) -> None:
        """Show something new."""

    def end(self, static: Bundle) -> None:
        """Put the static form in the view's place, wherever it was shown."""


class NotebookOutlet:
    """An output of a notebook that is replaced in its place.

    Args:
        refreshed: Whether news are shown at once. Where nobody reads, only the end matters.
    """

    def __init__(self, *, refreshed: bool) -> None:
        self._refreshed, self._shown, self._next = refreshed, False, 0.0
        self._name = f"dlmagic-{uuid.uuid4().hex}"

    def show(self, static: Bundle) -> None:
        """Show the static form."""
        self._shown = True
        self._publish(static)

    def tell(self, news: News) -> None:
        """Replace it by the newest one, about once a second at most."""
        if self._shown and self._refreshed and time.monotonic() >= self._next:
            self._next = time.monotonic() + REFRESH
            self._publish(news.static(), update=True)

    def end(self, static: Bundle) -> None:
        """Replace it by the last one."""
        if self._shown:
            self._publish(static, update=True)

    def _publish(
        self, bundle: Bundle, metadata: dict[str, Any] | None = None, *, update: bool = False
    ) -> None:
        from IPython.display import display

        display(bundle, raw=True, metadata=metadata, display_id=self._name, update=update)
