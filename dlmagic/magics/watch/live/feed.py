"""What is sent to pages that look, and when: few and small messages, with new columns only."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from dlmagic.finding import Finding
from dlmagic.magics.watch.live.detail import detail
from dlmagic.magics.watch.live.measures import Condenser, Floats
from dlmagic.magics.watch.live.message import Message, plain_findings
from dlmagic.magics.watch.sample_result import Sample

PERIOD = 0.25
"""Seconds from one message to the next, at least."""

_BYTES_A_SECOND = 48_000  # more than that is sent at a lower rate
_MOST_LOSSES = 100
_REPEATED = 8  # messages until a page that has missed one is told again what does not change


class Feed:
    """Gathers what is new, and makes messages of it; not for several threads at once.

    Args:
        layers: The paths of all layers of the model, in its order.
        clock: Seconds, monotonic.
    """

    def __init__(self, layers: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._names, self._clock = layers, clock
        self._condenser = Condenser((), layers)
        self._steps: list[int] = []
        self._columns: list[Floats] = []
        self._losses: list[tuple[int, float]] = []
        self._next = 0.0
        self._sent = 0
        self._new_layers = False
        self._findings: tuple[Finding, ...] = ()
        self._new_findings = False
        self._state: dict[str, Any] = {}
        self._state_sent: dict[str, Any] = {}
        self._latest: Sample | None = None
        self._new_detail = False
        self._selected = ""

    def note(
        self, samples: Sequence[Sample], findings: Sequence[Finding], state: dict[str, Any]
    ) -> None:
        """Know how things stand; costs next to nothing."""
        if samples:
            self._latest, self._new_detail = samples[-1], True
        if tuple(findings) != self._findings:
            self._findings, self._new_findings = tuple(findings), True
        self._state = state

    def add(self, samples: Sequence[Sample], losses: Sequence[tuple[int, float]]) -> None:
        """Gather what a page is to be sent."""
        for _, group in groupby(samples, lambda sample: id(sample.rows)):
            self._add_columns(list(group))
        self._losses += losses

    def forget(self) -> None:
        """Nobody looks any more; who looks next gets a snapshot."""
        self._steps, self._columns, self._losses = [], [], []

    def select(self, layer: str) -> None:
        """A page wants this layer's numbers and histograms."""
        self._selected, self._new_detail = layer, True

    def due(self) -> Message | None:
        """The next message, where it is time for one and there is something to say."""
        now = self._clock()
        if now < self._next or not self._something_new():
            return None
        message = self._message()
        self._next = now + max(PERIOD, message.size / _BYTES_A_SECOND)
        return message

    def standing(self, message: Message) -> Message:
        """Add how things stand."""
        message.plain |= {**self._state, "findings": plain_findings(self._findings)}
        self._add_detail(message)
        self._new_layers |= "layers" in message.plain.get("parts", ())
        return message

    def _something_new(self) -> bool:
        changed = self._state != self._state_sent
        return changed or self._new_findings or bool(self._steps or self._losses)

    def _message(self) -> Message:
        message = Message(dict(self._state))
        self._state_sent = self._state
        if self._sent % _REPEATED == 0:
            self._new_layers = self._new_findings = True
        self._sent += 1
        if self._new_findings:
            message.plain["findings"] = plain_findings(self._findings)
        if self._new_detail:
            self._add_detail(message)
        message.add_losses(self._losses, _MOST_LOSSES)
        if self._steps:
            message.plain["set"] = self._condenser.number
            if self._new_layers:
                message.add_layers(self._condenser)
                self._new_layers = False
            message.add_columns(np.concatenate(self._columns), self._steps)
        self._new_findings = self._new_detail = False
        self.forget()
        return message

    def _add_detail(self, message: Message) -> None:
        found = self._latest and detail(self._latest, self._selected or self._first())
        if found:
            message.plain["detail"], numbers = found
            message.add("detail", numbers)

    def _first(self) -> str:
        """The layer that is shown before a page has chosen one."""
        rows = self._latest.rows if self._latest else ()
        return next((row.layer for row in rows), "")

    def _add_columns(self, samples: list[Sample]) -> None:
        if samples[0].rows is not self._condenser.rows:
            self._condenser = Condenser(samples[0].rows, self._names)
            self._steps, self._columns = [], []  # of other layers; the past has them
            self._new_layers = True
        values = np.stack([sample.values for sample in samples], axis=-1)
        self._steps += [sample.step for sample in samples]
        self._columns.append(self._condenser.condense(values))
