"""The one thread that receives what engines send while they work, and afterwards."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dlmagic.cluster.asking import Asked

Told = Callable[[int, Any], object]
"""Is called with a rank and what that rank told, in the order in which it told it."""

_PAUSE = 0.05
"""Seconds between two looks; a person sees no difference to none."""


@dataclass
class Receiver:
    """Hands on what ranks tell, from one thread, until it is closed.

    Attributes:
        asked: The request whose engines tell something.
        told: Is handed everything; an exception of it is kept for :meth:`close`.
        stands: Where a rank stands that no interrupt could end, by rank.
        heard: When a rank last told something, by ``time.monotonic``; 0 before.
    """

    asked: Asked
    told: Told | None
    stands: dict[int, str] = field(default_factory=dict)
    heard: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name="dlmagic receiver", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hand on what has come by now, and end the thread."""
        self._over.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(_PAUSE):
            self._look()
        self._look()

    def _look(self) -> None:
        for rank in range(len(self.asked.ids)):
            sent = self.asked.sent_by(rank)
            for number in sorted(sent, key=int):
                self._hand_on(rank, json.loads(sent[number]))

    def _hand_on(self, rank: int, message: dict[str, Any]) -> None:
        if "stands" in message:
            self.stands[rank] = str(message["stands"])
            return
        self.heard = time.monotonic()
        if self.told is not None:
            self.told(rank, message["told"])
