"""One watched model: measures while it trains, and has all that was seen so far."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from dlmagic.finding import Finding
from dlmagic.magics.watch.history import Course
from dlmagic.magics.watch.result import LayerTable, WatchResult
from dlmagic.magics.watch.sample_result import Overhead
from dlmagic.magics.watch.watcher import Layer


class WatchSession:
    """A model that is watched, from ``%watch`` to ``%unwatch``."""

    name: str
    """What the model is called."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Those that are measured, in the model's order."""
        raise NotImplementedError

    @property
    def steps(self) -> int:
        """Steps of the optimiser so far."""
        raise NotImplementedError

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, as far as it has been seen."""
        raise NotImplementedError

    @property
    def overhead(self) -> Overhead:
        """What watching has cost, as measured."""
        raise NotImplementedError

    @property
    def running(self) -> bool:
        """Whether the model is still watched."""
        raise NotImplementedError

    def table(self) -> LayerTable:
        """The newest figures, one row per layer."""
        raise NotImplementedError

    def history(self, layer: str, statistic: str, quantity: str | None = None) -> Course:
        """One statistic of a layer over time: ``steps, values = session.history("fc1", "std")``."""
        raise NotImplementedError

    def choose(self, pattern: str) -> None:
        """Measure other layers, from the next step on."""
        raise NotImplementedError

    def pause(self) -> None:
        """Measure nothing until :meth:`resume`."""
        raise NotImplementedError

    def resume(self) -> None:
        """Measure again."""
        raise NotImplementedError

    def result(self) -> WatchResult:
        """All that was seen so far, as a value that can be kept."""
        raise NotImplementedError

    def stop(self, why: str = "stopped") -> WatchResult:
        """End it. Ending it again does nothing."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self.stop()
        return False
