"""Sending one request to every engine and waiting for the answers; nothing waits without an end."""

from __future__ import annotations

import concurrent.futures
import queue
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

WAKE_UP = 0.2
"""Seconds after which a wait looks for an interrupt of the user."""


@dataclass
class Asked:
    """A request to engines, under way.

    Attributes:
        client: Of ipyparallel.
        ids: The engines' numbers, by rank.
        replies: One of ipyparallel's results per rank.
    """

    client: Any
    ids: tuple[int, ...]
    replies: Sequence[Any]
    _done: queue.SimpleQueue[int] = field(default_factory=queue.SimpleQueue)
    _answered: dict[int, object] = field(default_factory=dict)
    _signals: list[concurrent.futures.Future[Any]] = field(default_factory=list)

    @classmethod
    def of(
        cls, client: Any, ids: tuple[int, ...], text: str, names: Sequence[Mapping[str, object]]
    ) -> Asked:
        """Ask every engine at once for the value of an expression.

        It travels as text, since code that one version of Python has compiled is of no use to
        another one.

        Args:
            client: Of ipyparallel.
            ids: The engines' numbers, by rank.
            text: The expression.
            names: What it reads, by rank.
        """
        replies = [
            client[number].apply_async(eval, text, dict(own))
            for number, own in zip(ids, names, strict=True)
        ]
        asked = cls(client, ids, replies)
        for rank, reply in enumerate(replies):
            reply.add_done_callback(lambda _reply, rank=rank: asked._done.put(rank))
        return asked

    @property
    def waiting(self) -> list[int]:
        """Ranks that have not answered."""
        return [rank for rank in range(len(self.ids)) if rank not in self._answered]

    def next_answer(self, until: float) -> tuple[int, object] | None:
        """The next rank that has answered and its answer, an exception of ipyparallel perhaps.

        Args:
            until: On the clock ``time.monotonic``; None is returned when it is over.
        """
        while self.waiting:
            left = until - time.monotonic()
            if left <= 0 and self._done.empty():
                return None
            with suppress(queue.Empty):
                rank = self._done.get(timeout=max(0.0, min(left, WAKE_UP)))
                self._answered[rank] = _value_of(self.replies[rank])
                return rank, self._answered[rank]
        return None

    def interrupt(self) -> None:
        """Send SIGINT to every engine that has not answered and is still registered."""
        registered = set(self.client.ids)
        targets = [self.ids[rank] for rank in self.waiting if self.ids[rank] in registered]
        if targets:
            self._signals.append(self.client.send_signal("SIGINT", targets=targets, block=False))

    def wait_for_signals(self, seconds: float) -> None:
        """Wait until interrupts have arrived: one that came later would hit the next task."""
        concurrent.futures.wait(self._signals, timeout=seconds)

    def settle(self, seconds: float) -> None:
        """Wait for what ranks sent before their answers; it comes by another way, perhaps later."""
        until = time.monotonic() + seconds
        for rank in self._answered:
            self.replies[rank].wait_for_output(max(0.0, until - time.monotonic()))

    def sent_by(self, rank: int) -> dict[str, str]:
        """What a rank has sent so far, taken away from ipyparallel's own books."""
        reply, taken = self.replies[rank], {}
        after = self.client.metadata.get(reply.msg_ids[0])  # there once the reply has been filed
        for book in (reply.metadata, after):
            data = book["data"] if book else {}
            for key in list(data):
                taken[key] = data.pop(key)
        return taken


def _value_of(reply: Any) -> object:
    try:
        return reply.get(timeout=0)
    except Exception as error:
        return error
