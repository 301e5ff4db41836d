"""Samples and losses that wait to be taken, by whichever thread."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from dlmagic.magics.watch.pieces import joined, rows_of
from dlmagic.magics.watch.sample_result import BINS, STATISTICS, Row, Sample
from dlmagic.magics.watch.torch.measuring import Taken
from dlmagic.magics.watch.torch.plan import Layout
from dlmagic.magics.watch.torch.transfer import OnItsWay

MOST_WAITING = 1000
"""Samples that wait at most where nobody takes them: the oldest go."""

_RATIO, _NORM, _DEAD = (STATISTICS.index(each) for each in ("ratio", "norm", "dead"))


@dataclass(frozen=True, eq=False)
class _Waiting:
    step: int
    exact: bool
    taken: Taken


class Delivery:
    """What was measured, from the thread that trains to the one that shows it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Waiting] = deque(maxlen=MOST_WAITING)
        self._losses: deque[tuple[int, float | OnItsWay]] = deque(maxlen=100 * MOST_WAITING)
        self._shown: tuple[Layout, tuple[int, ...], tuple[Row, ...]] | None = None

    def put(self, step: int, taken: Taken, *, exact: bool) -> None:
        """Have a sample delivered."""
        with self._lock:
            self._waiting.append(_Waiting(step, exact, taken))

    def put_loss(self, step: int, loss: object) -> None:
        """Have a loss delivered, if it is one number."""
        value: float | OnItsWay
        if isinstance(loss, Tensor):
            if loss.numel() != 1 or loss.device.type == "meta":
                return
            value = OnItsWay([loss]) if loss.is_cuda else float(loss.detach())
        elif isinstance(loss, int | float | np.number):
            value = float(loss)
        else:
            return
        with self._lock:
            self._losses.append((step, value))

    def take(self, *, wait: bool) -> list[Sample]:
        """Samples that have arrived, oldest first."""
        with self._lock:
            found = []
            while self._waiting and (wait or self._waiting[0].taken.arrived()):
                found.append(self._sample(self._waiting.popleft()))
            return found

    def losses(self) -> list[tuple[int, float]]:
        """Losses that have arrived, oldest first."""
        with self._lock:
            found = []
            while self._losses:
                step, value = self._losses[0]
                if isinstance(value, OnItsWay):
                    if not value.arrived():
                        break
                    value = float(value.arrays()[0].astype(np.float64).reshape(()))
                found.append((step, value))
                self._losses.popleft()
            return found

    def _sample(self, waiting: _Waiting) -> Sample:
        taken = waiting.taken
        count = len(taken.layout.rows)
        parts = [each.pieces() for each in taken.under_way]
        if not parts:
            rows = self._rows(taken.layout, ())
            empty = np.zeros((0, len(STATISTICS)), np.float32)
            return Sample(waiting.step, rows, empty, _NO_BINS, waiting.exact, _NO_CALLS)
        pieces = joined(parts)
        values, histograms = rows_of(pieces, count)
        for dead in taken.dead:
            owners, shares = dead.shares()
            values[owners, _DEAD] = shares
        for update, weight in taken.layout.updates:
            values[update, _RATIO] = _ratio(values[update, _NORM], values[weight, _NORM])
        rows = self._rows(taken.layout, tuple(np.unique(pieces.rows).tolist()))
        chosen = list(self._shown[1]) if self._shown else []
        return Sample(
            waiting.step,
            rows,
            values[chosen],
            histograms[chosen],
            waiting.exact,
            taken.calls[chosen],
        )

    def _rows(self, layout: Layout, present: tuple[int, ...]) -> tuple[Row, ...]:
        """Rows that have been measured so far, the same tuple as long as there are no others."""
        before = self._shown[1] if self._shown and self._shown[0] is layout else ()
        if self._shown is not None and self._shown[0] is layout and set(present) <= set(before):
            return self._shown[2]
        chosen = tuple(sorted({*before, *present}))
        rows = tuple(
            replace(layout.rows[each], shape=layout.shapes.get(each, layout.rows[each].shape))
            for each in chosen
        )
        self._shown = layout, chosen, rows
        return rows


def _ratio(update: float, weight: float) -> float:
    return float(update) / float(weight) if weight > 0 else float("nan")


_NO_BINS = np.zeros((0, BINS), np.uint32)
_NO_CALLS = np.zeros(0, np.uint32)
