"""A task that all engines work on at once: its values, or the one rank that is the trouble."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dlmagic.cluster.asking import WAKE_UP, Asked
from dlmagic.cluster.blame import Blame, Ended
from dlmagic.cluster.receiver import Receiver

GRACE = 8.0
"""Seconds that ranks have to end after an interrupt; see ``PATIENCE`` in ``there/attention.py``."""
SETTLE = 4.0
"""Seconds after a rank failed in a collective, in which the rank that caused it may be heard of."""

_ON_THE_WAY = 2.0
"""Seconds that an interrupt may take to an engine that has answered meanwhile."""

_LAST_WORDS = 2.0
"""Seconds in which all that was told before an answer must have come."""


@dataclass
class Running:
    """A task under way on all engines.

    Attributes:
        asked: The request.
        hosts: Where each rank runs, for messages.
        receiver: Hands on what the ranks tell.
    """

    asked: Asked
    hosts: tuple[str, ...]
    receiver: Receiver
    _values: dict[int, Any] = field(default_factory=dict)
    _ended: dict[int, Ended] = field(default_factory=dict)

    def wait(
        self, deadline: float, *, while_waiting: Callable[[], object] | None = None
    ) -> list[Any]:
        """One value per rank, the first rank's first.

        Args:
            deadline: Seconds from now, or from when a rank last told something, after which all
                that have not answered are interrupted.
            while_waiting: Is called several times a second, in this thread.

        Raises:
            RankError: A rank failed, ended, or did not answer in time; no rank goes on.
            DLMagicError: Of the kind that all ranks raised, where it is a slip of the user's.
            KeyboardInterrupt: The user stopped it, and the task has no value for that.
        """
        try:
            self._hear(deadline, while_waiting or (lambda: None))
        except KeyboardInterrupt:
            self._stop()
            if self._ended:
                raise
            return self._in_order()
        if self.asked.waiting or self._ended:
            late = not self._ended
            self._stop()
            raise Blame(self.hosts, self._ended, self._stuck(), deadline if late else None).error()
        return self._in_order()

    def close(self) -> None:
        """Listen no more to what the ranks tell."""
        self.asked.settle(_LAST_WORDS)
        self.receiver.close()

    def printed(self, rank: int) -> str:
        """What a rank has printed."""
        return str(self.asked.replies[rank].stdout or "")

    def _hear(self, deadline: float, while_waiting: Callable[[], object]) -> None:
        """Take answers until all have come, one of them is a failure, or time is over."""
        started, settled = time.monotonic(), math.inf
        while self.asked.waiting:
            now = time.monotonic()
            until = min(max(started, self.receiver.heard) + deadline, settled)
            if now >= until:
                break
            answer = self.asked.next_answer(min(until, now + WAKE_UP))
            while_waiting()
            if answer is not None:
                self._note(*answer)
            if self._ended:
                waited = all(ended.waited for ended in self._ended.values())
                settled = min(settled, now + (SETTLE if waited else 0.0))

    def _stop(self) -> None:
        """Interrupt all that have not answered, and wait for them for a while."""
        self.asked.interrupt()
        until = time.monotonic() + GRACE
        while (answer := self.asked.next_answer(until)) is not None:
            self._note(*answer)
        self.asked.wait_for_signals(_ON_THE_WAY)

    def _note(self, rank: int, answer: object) -> None:
        if isinstance(answer, str):
            told = json.loads(answer)
            if "value" in told:
                self._values[rank] = told["value"]
            else:
                self._ended[rank] = Ended.told(told["error"])
        else:
            self._ended[rank] = Ended.by_ipyparallel(answer)

    def _stuck(self) -> dict[int, str]:
        """Ranks that not even the interrupt has ended, and where they stand as far as is known."""
        self.receiver.close()
        return {rank: self.receiver.stands.get(rank, "") for rank in self.asked.waiting}

    def _in_order(self) -> list[Any]:
        return [self._values[rank] for rank in sorted(self._values)]
