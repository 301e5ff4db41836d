"""A session as its live view sees it, and the view, where there is one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlmagic.display.live.outlet import Bundle, NotebookOutlet
from dlmagic.display.live.surroundings import in_notebook
from dlmagic.finding import Finding
from dlmagic.magics.watch.history import History
from dlmagic.magics.watch.live.view import LiveView
from dlmagic.magics.watch.live.watched import Told
from dlmagic.magics.watch.sample_result import Overhead, Row, Sample
from dlmagic.magics.watch.watcher import Layer

if TYPE_CHECKING:
    from dlmagic.magics.watch.session import WatchSession


class Showing:
    """What a live view may know of a session and ask of it."""

    def __init__(self, session: WatchSession) -> None:
        self._session = session
        self._view: Told | None = None

    @property
    def name(self) -> str:
        """What the model is called."""
        return self._session.name

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers that can be watched."""
        return self._session.all_layers

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is measured at present."""
        return self._session.past.present

    @property
    def history(self) -> History:
        """What was measured so far."""
        return self._session.past

    @property
    def loss(self) -> str:
        """What the loss is called; empty for none."""
        return self._session.request.loss

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to know."""
        return self._session.notes

    @property
    def paused(self) -> bool:
        """Whether nothing is measured."""
        return self._session.paused

    def overhead(self) -> Overhead:
        """What watching has cost."""
        return self._session.overhead

    def static(self) -> Bundle:
        """The result so far."""
        return self._session.result()._repr_mimebundle_()

    def choose(self, pattern: str) -> None:
        """Measure the layers that match."""
        self._session.choose(pattern)

    def pause(self) -> None:
        """Measure nothing."""
        self._session.pause()

    def resume(self) -> None:
        """Measure again."""
        self._session.resume()

    def stop_at_next_step(self) -> None:
        """End the training when the present step has ended."""
        self._session.wish.ask("Stop was pressed")

    def show(self) -> None:
        """Show the view where the present cell has its output; a line in a terminal."""
        if not in_notebook():
            print(repr(self._session), file=sys.stderr)  # noqa: T201 - what the session shows
        elif not self._session.running:
            NotebookOutlet(refreshed=False).show(self.static())
        else:
            if self._view is None:
                self._view = LiveView(self)
            self._view.show()

    def tell(
        self,
        samples: Sequence[Sample],
        losses: Sequence[tuple[int, float]],
        findings: Sequence[Finding],
    ) -> None:
        """Hand on what is new."""
        if self._view is not None:
            self._view.tell(samples, losses, findings, self.overhead())

    def end(self, *, take_away: bool = False) -> None:
        """Leave the static form in the view's place.

        Args:
            take_away: Leave nothing, as the result is shown elsewhere.
        """
        view, self._view = self._view, None
        if view is not None:
            view.end(_NOTHING if take_away else self.static())


_NOTHING: Bundle = {"text/plain": ""}  # an output cannot be taken back, but be empty
