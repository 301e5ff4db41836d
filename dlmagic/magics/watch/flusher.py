"""One thread that takes what was measured out of the training's way, a few times a second."""

from __future__ import annotations

import threading
from collections.abc import Callable

THREAD = "dlmagic-watch"

PERIOD = 0.25
"""Seconds between two looks at least."""

_PATIENCE = 3.0  # seconds for the thread to end


class Flusher:
    """Works when it is woken, and then rests for a while; it sleeps where nothing trains.

    The thread begins when it is first woken.

    Args:
        work: What to do; it says whether more is under way, and is to be looked for unasked.
        period: Seconds to rest.
    """

    def __init__(self, work: Callable[[], bool], period: float = PERIOD) -> None:
        self._work, self._period = work, period
        self._awake, self._ended = threading.Event(), threading.Event()
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def wake(self) -> None:
        """There is something to do; called after every step, so it must cost nothing."""
        if not self._awake.is_set():
            self._awake.set()
            if self._thread is None:
                self._start()

    def stop(self, *, wait: bool = True) -> None:
        """End the thread; from itself when it comes to it.

        Args:
            wait: Come back only when it has ended.
        """
        with self._starting:
            self._ended.set()
            thread = self._thread
        self._awake.set()
        if not wait or thread is None or thread is threading.current_thread():
            return
        # An interrupted join() takes a thread that runs for one that has ended (Python 3.11).
        if self._done.wait(_PATIENCE):
            thread.join()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._ended.is_set():
                self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
                self._thread.start()

    def _run(self) -> None:
        try:
            while self._awake.wait() and not self._ended.is_set():
                self._awake.clear()
                more = self._work()
                self._ended.wait(self._period)
                if more:
                    self._awake.set()
        finally:
            self._done.set()
