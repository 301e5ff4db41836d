"""Samples and losses that wait to be taken, by whichever thread."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dlmagic.magics.watch.pieces import joined, rows_of
from dlmagic.magics.watch.sample_result import BINS, STATISTICS, Sample
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
    """What was measured, from the thread that trains to the one that shows it.

    Attributes:
        held: A step that may still prove to be none, and is delivered only if all is asked for.
    """

    def __init__(self) -> None:
        self.held: int | None = None
        self._lock = threading.Lock()
        self._waiting: deque[_Waiting] = deque(maxlen=MOST_WAITING)
        self._losses: deque[tuple[int, float | OnItsWay]] = deque(maxlen=100 * MOST_WAITING)
        self._shown: _Shown | None = None

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
            if wait:
                self.held = None
            while self._waiting and (wait or self._is_ready(self._waiting[0])):
                found.append(self._sample(self._waiting.popleft()))
            return found

    def withdraw(self) -> bool:
        """Forget the step that is held, which was none; returns whether there was one."""
        with self._lock:
            held, self.held = self.held, None
            if held is None:
                return False
            while self._waiting and self._waiting[-1].step == held:
                self._waiting.pop()
            while self._losses and self._losses[-1][0] == held:
                self._losses.pop()
            return True

    def losses(self) -> list[tuple[int, float]]:
        """Losses that have arrived, oldest first."""
        with self._lock:
            found = []
            while self._losses:
                step, value = self._losses[0]
                if step == self.held:
                    break
                if isinstance(value, OnItsWay):
                    if not value.arrived():
                        break
                    value = float(value.arrays()[0].astype(np.float64).reshape(()))
                found.append((step, value))
                self._losses.popleft()
            return found

    def _is_ready(self, waiting: _Waiting) -> bool:
        return waiting.step != self.held and waiting.taken.arrived()

    def _sample(self, waiting: _Waiting) -> Sample:
        taken, layout = waiting.taken, waiting.taken.layout
        parts = [each.pieces() for each in taken.under_way]
        if not parts:
            rows = self._among(layout, np.zeros(len(layout.rows), np.bool_)).rows
            empty = np.zeros((0, len(STATISTICS)), np.float32)
            return Sample(waiting.step, rows, empty, _NO_BINS, waiting.exact, _NO_CALLS)
        pieces = joined(parts)
        values, histograms = rows_of(pieces, len(layout.rows))
        for dead in taken.dead:
            owners, shares = dead.shares()
            values[owners, _DEAD] = shares
        present = np.zeros(len(layout.rows), np.bool_)
        present[pieces.rows] = True
        shown = self._among(layout, present)
        values[shown.updates, _RATIO] = _ratios(values, shown)
        if len(shown.places) < len(values):
            values, histograms = values[shown.places], histograms[shown.places]
        calls = taken.calls[shown.places]
        return Sample(
            waiting.step, shown.rows, values, histograms, waiting.exact, calls, taken.is_many
        )

    def _among(self, layout: Layout, present: NDArray[np.bool_]) -> _Shown:
        """The rows that have been measured so far, the same ones as long as there are no others."""
        before = self._shown if self._shown is not None and self._shown.layout is layout else None
        if before is not None and not (present & ~before.present).any():
            return before
        if before is not None:
            present = present | before.present
        self._shown = _Shown(layout, present)
        return self._shown


class _Shown:
    """Rows of a layout that have been measured so far.

    Attributes:
        layout: The layout.
        present: Whether a row is among them.
        places: Which they are.
        rows: What they are, as far as their shapes are known now.
        updates: All rows of updates, measured or not.
        weights: The weights that those are about.
    """

    def __init__(self, layout: Layout, present: NDArray[np.bool_]) -> None:
        self.layout, self.present = layout, present
        self.places = np.flatnonzero(present)
        rows = ((place, layout.rows[place]) for place in self.places.tolist())
        self.rows = tuple(
            replace(row, shape=layout.shapes.get(place, row.shape)) for place, row in rows
        )
        pairs = np.array(layout.updates, np.intp).reshape(-1, 2)
        self.updates, self.weights = pairs[:, 0], pairs[:, 1]


def _ratios(values: NDArray[np.float32], shown: _Shown) -> NDArray[np.float64]:
    update, weight = (values[at, _NORM].astype(float) for at in (shown.updates, shown.weights))
    found: NDArray[np.float64] = np.full(len(update), np.nan)
    with np.errstate(invalid="ignore"):  # of infinite norms nothing can be told
        np.divide(update, weight, out=found, where=weight > 0)
    return found


_NO_BINS = np.zeros((0, BINS), np.uint32)
_NO_CALLS = np.zeros(0, np.uint32)
