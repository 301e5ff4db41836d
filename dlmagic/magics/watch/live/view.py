"""The live view of a session: shows itself, tells pages what is new, and does what they ask."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from dlmagic.display.live.attention import Attention
from dlmagic.display.live.outlet import Bundle, News, Outlet
from dlmagic.display.live.surroundings import heeds_cells, in_notebook, outlet_here
from dlmagic.display.live.widget import FrontEnd
from dlmagic.errors import InputError
from dlmagic.finding import Finding
from dlmagic.magics.watch.live.feed import Feed
from dlmagic.magics.watch.live.message import Message, plain_overhead
from dlmagic.magics.watch.live.page import about, script, style
from dlmagic.magics.watch.live.past import past_of
from dlmagic.magics.watch.live.watched import Watched
from dlmagic.magics.watch.sample_result import Overhead, Sample

_NOTHING = {"text/plain": "", "text/html": ""}  # exporters warn of an output without any form


class LiveView:
    """Shows a session while it goes on, and is replaced by the static form at its end.

    Args:
        watched: The session.
        clock: Seconds, monotonic.
    """

    def __init__(self, watched: Watched, clock: Callable[[], float] = time.monotonic) -> None:
        self._watched = watched
        self._feed = Feed([layer.name for layer in watched.layers], clock)
        self._lock = threading.RLock()  # of the feed; never held while the session is asked
        self._outlet: Outlet | None = None
        self._seen = False  # whether pages have had all news so far
        self._attention = Attention(self._catch_up)
        self._forget_cells = heeds_cells(self._attention)

    def show(self) -> None:
        """Show it where the present cell has its output; in a terminal, a line."""
        static = self._watched.static()
        if not in_notebook():
            sys.stdout.write(f"{static['text/plain'].partition(chr(10))[0]}\n")
            return
        if self._outlet is None:
            self._outlet = outlet_here(
                self._front_end, self._attention, self._watched.stop_at_next_step
            )
        self._seen = True
        self._outlet.show(static)

    def tell(
        self,
        samples: Sequence[Sample],
        losses: Sequence[tuple[int, float]],
        findings: Sequence[Finding],
        overhead: Overhead,
    ) -> None:
        """What is new; called a few times a second, also with nothing new.

        While no page looks, only the newest sample is kept.
        """
        state = {"paused": self._watched.paused, "overhead": plain_overhead(overhead)}
        looked_at = self._outlet is not None and self._attention.state() == "looked at"
        with self._lock:
            self._feed.note(samples, findings, state)
            if looked_at and self._seen:
                self._feed.add(samples, losses)
                message = self._feed.due()
            else:
                self._feed.forget()
                self._seen, message = False, None
        if message is not None:
            self._send(message)

    def end(self, static: Bundle) -> None:
        """Put the static form in the view's place; ending again does nothing.

        Args:
            static: By MIME type; empty where the result is shown elsewhere.
        """
        self._forget_cells()
        outlet, self._outlet = self._outlet, None
        if outlet is not None:
            outlet.end(static or _NOTHING)

    def _send(self, message: Message) -> None:
        outlet = self._outlet
        if outlet is not None:
            plain = {**message.plain, "sent": time.time() * 1000}
            outlet.tell(News(plain, self._watched.static, tuple(message.buffers)))

    def _catch_up(self) -> None:
        """Somebody looks again, and has missed something."""
        if not self._seen:
            message = self._snapshot()
            self._seen = True
            self._send(message)

    def _snapshot(self) -> Message:
        past = past_of(self._watched.history, [layer.name for layer in self._watched.layers])
        with self._lock:
            return self._feed.standing(past)

    def _front_end(self) -> FrontEnd:
        return FrontEnd(script(), style(), lambda: about(self._watched), self._recent, self._hear)

    def _recent(self) -> list[dict[str, Any]]:
        """The past, for a page that opens later."""
        message = self._snapshot()
        return [{**message.plain, "buffers": message.buffers}]

    def _hear(self, said: dict[str, Any]) -> str:
        """What a page asks for; the answer is empty where it was done."""
        kind, watched = said.get("kind"), self._watched
        if kind == "select":
            return self._select(str(said.get("layer")))
        if kind == "choose":
            return self._choose(str(said.get("pattern")))
        if kind == "snapshot":
            self._send(self._snapshot())
        elif kind == "pause":
            watched.pause()
        elif kind == "resume":
            watched.resume()
        return ""

    def _choose(self, pattern: str) -> str:
        try:
            self._watched.choose(pattern.strip())
        except InputError as error:
            return str(error)
        return ""

    def _select(self, layer: str) -> str:
        """Sent at once: between two cells nothing else is."""
        with self._lock:
            self._feed.select(layer)
            message = self._feed.standing(Message())
        self._send(message)
        return ""
