"""Whether anybody looks at a live view, as far as a kernel can know.

Pages say that they are open and visible, every few seconds. A kernel reads that between cells
(front ends that speak to it over subshells get through at any time), so while a cell runs,
silence means nothing: a page that was visible when it began counts as visible until it says
otherwise. A page sends its next sign of life only when the last one was answered, so that none
pile up behind a long cell.

A kernel that is idle and hears nothing for :data:`SILENCE` seconds has no page any more: a
browser may crash or lose its network without a word.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

State = Literal["looked at", "unseen", "left"]

HEARTBEAT = 10.0
"""Seconds between two signs of life of a page."""

SILENCE = 30.0
"""Seconds after which an idle kernel takes a silent page for closed; a new one may load so long."""

LEFT = 900.0
"""Seconds after which a view that nobody looks at, of a kernel that is idle, has been left."""

_LOADING = "the page that is about to show it"


class Attention:
    """Who looks; every thread may tell and ask.

    As long as no page is waited for (:meth:`await_page`), a view counts as looked at.

    Args:
        changed: Called when someone looks again.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        changed: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._changed, self._clock = changed, clock
        self._lock = threading.RLock()
        self._pages: dict[str, float] | None = None  # visible ones, and when they were heard
        self._busy = False
        self._last = clock()  # when a page was heard or a cell ran

    def await_page(self) -> None:
        """A front end was asked to show the view; from now on it must say that it does."""
        with self._lock:
            self._pages = {**(self._pages or {}), _LOADING: self._clock()}

    def hear(self, page: str, visible: bool) -> None:
        """A page said whether its view is visible.

        Args:
            page: A name that it chose for itself.
            visible: False also where the view is being closed.
        """
        with self._lock:
            before, self._last = self.state(), self._clock()
            pages = self._pages = self._pages or {}
            pages.pop(_LOADING, None)
            if visible:
                pages[page] = self._last
            else:
                pages.pop(page, None)
        if visible and before != "looked at":
            self._changed()

    def cell_began(self, *_: object) -> None:
        """The kernel is busy from now on."""
        with self._lock:
            self._drop_silent_pages()
            self._busy = True

    def cell_ended(self, *_: object) -> None:
        """The kernel is idle again."""
        with self._lock:
            self._busy, self._last = False, self._clock()
            # What they said meanwhile is about to be read.
            self._pages = self._pages and dict.fromkeys(self._pages, self._last)

    def state(self) -> State:
        """Whether anybody looks; ``"left"`` where nobody has for long, and nothing runs."""
        with self._lock:
            if self._busy:
                self._last = self._clock()
            self._drop_silent_pages()
            if self._pages:
                return "looked at"
            if self._since(self._last) >= LEFT:
                return "left"
            return "looked at" if self._pages is None else "unseen"

    def _drop_silent_pages(self) -> None:
        if self._pages and not self._busy:
            heard = self._pages.items()
            self._pages = {page: at for page, at in heard if self._since(at) < SILENCE}

    def _since(self, moment: float) -> float:
        return self._clock() - moment
