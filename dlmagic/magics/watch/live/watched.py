"""What the live view sees of a session, and asks of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dlmagic.display.live.outlet import Bundle
from dlmagic.finding import Finding
from dlmagic.magics.watch.sample_result import Overhead, Row, Sample
from dlmagic.magics.watch.watcher import Layer


class Past(Protocol):
    """What was measured so far, thinned so that it stays small."""

    @property
    def steps(self) -> NDArray[np.int64]:
        """The steps that are kept, ascending: ``[column]``."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """All that was ever measured, in the model's order."""

    def courses(self) -> NDArray[np.float32]:
        """All statistics of all rows, ``[row, statistic, column]``; NaN where not measured."""

    def still(self) -> AbstractContextManager[object]:
        """A block in which nothing is added, so that what is asked in it belongs together."""

    @property
    def losses(self) -> Sequence[tuple[int, float]]:
        """Steps and losses that are kept, ascending."""


class Watched(Protocol):
    """A session, as the live view sees it; every method may be called from any thread."""

    @property
    def name(self) -> str:
        """What the model is called by the user."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers that can be watched, in the model's order."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is measured at present."""

    @property
    def history(self) -> Past:
        """What was measured so far. The view holds no lock while it asks."""

    @property
    def loss(self) -> str:
        """What the user called the loss; empty if nothing."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about how this model is watched."""

    @property
    def paused(self) -> bool:
        """Whether nothing is measured until :meth:`resume`."""

    def overhead(self) -> Overhead:
        """What watching has cost."""

    def static(self) -> Bundle:
        """What stands there without a page: the result so far, by MIME type."""

    def choose(self, pattern: str) -> None:
        """Measure the layers that match, from the next step on; an empty text means all.

        Raises:
            InputError: No layer matches; names the nearest.
        """

    def pause(self) -> None:
        """Measure nothing until :meth:`resume`."""

    def resume(self) -> None:
        """Measure again."""

    def stop_at_next_step(self) -> None:
        """End the training when the present step has ended.

        A page may be heard only after the cell that trained has ended, so what was asked between
        two cells must be void when the next one begins.
        """


class Told(Protocol):
    """What the live view is for a session; made as ``LiveView(watched)``.

    Nothing of it waits for a page.
    """

    def show(self) -> None:
        """Show it where the present cell has its output; again, in another place."""

    def tell(
        self,
        samples: Sequence[Sample],
        losses: Sequence[tuple[int, float]],
        findings: Sequence[Finding],
        overhead: Overhead,
    ) -> None:
        """What is new; called a few times a second, also with nothing new.

        Args:
            samples: Those that have arrived since the last call, oldest first.
            losses: Likewise.
            findings: All so far. ``operands`` of each begins with the path of its layer.
            overhead: As it is now.
        """

    def end(self, static: Bundle) -> None:
        """Put the static form in the view's place; ending again does nothing."""
