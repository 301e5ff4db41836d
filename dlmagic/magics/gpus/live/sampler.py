"""One thread that reads the devices in a steady rhythm, while somebody looks."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Protocol

from dlmagic.display.live.attention import Attention
from dlmagic.magics.gpus.live.measured import Moment

THREAD = "dlmagic-gpus-live"
_PATIENCE = 3.0  # seconds for the thread to end: a reading may take 2.4
_GLANCE = 10.0  # seconds between two questions whether a view that nobody sees has been left


class Source(Protocol):
    """What is read."""

    def read(self) -> Moment:
        """All devices now."""

    def close(self) -> None:
        """Let go of them; the next reading takes them up again."""


class Sampler:
    """Reads, and hands on what it read.

    The source is closed as soon as nobody looks, and at the end.

    Args:
        source: What to read.
        attention: Whether anybody looks.
        hear: Gets each reading, with its time, in the thread.
        left: Called in the thread when the view has been left, as the last thing.
        period: Seconds from one reading to the next.
        clock: Seconds, monotonic.
        wait: Waits for so many seconds, or until the event is set.
    """

    def __init__(
        self,
        source: Source,
        attention: Attention,
        hear: Callable[[float, Moment], object],
        left: Callable[[], object],
        *,
        period: float,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        self._source, self._attention = source, attention
        self._hear, self._left = hear, left
        self._period, self._clock, self._wait = period, clock, wait
        self._ended = threading.Event()
        self._done = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def wake(self) -> None:
        """Somebody looks again, or it is to end."""
        self._wake.set()

    def stop(self) -> None:
        """End; from the thread itself when it comes to it."""
        self._ended.set()
        self.wake()
        if self._thread is threading.current_thread() or self._thread.ident is None:
            return
        # An interrupted join() takes a thread that runs for one that has ended (Python 3.11).
        if self._done.wait(_PATIENCE):
            self._thread.join()

    def _run(self) -> None:
        try:
            self._read_until_it_ends()
        finally:
            self._done.set()

    def _read_until_it_ends(self) -> None:
        with contextlib.closing(self._source):
            while not self._ended.is_set():
                state = self._attention.state()
                if state == "left":
                    break
                if state == "looked at":
                    self._read_until_nobody_looks()
                else:
                    self._source.close()
                    self._pause(_GLANCE)
        if not self._ended.is_set():
            self._left()

    def _read_until_nobody_looks(self) -> None:
        """Keeps to a rhythm; what takes longer than a period leaves out beats."""
        due = self._clock()
        while not self._ended.is_set() and self._attention.state() == "looked at":
            at, moment = self._clock(), self._source.read()
            if self._ended.is_set():
                return
            self._hear(at, moment)
            due = max(due + self._period, self._clock())
            self._pause(due - self._clock())

    def _pause(self, seconds: float) -> None:
        self._wait(self._wake, seconds)
        self._wake.clear()
