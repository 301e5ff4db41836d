"""What is wrong with a training, as the judge says, and whether that is a reason to end it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from dlmagic.finding import Finding
from dlmagic.magics.watch.request import STOPS
from dlmagic.magics.watch.sample_result import Culprit, Sample
from dlmagic.magics.watch.stopping import StopWish
from dlmagic.magics.watch.verdicts.judge import Judge


class Judging:
    """Asks the judge; any thread may.

    Args:
        wish: Is asked to stop.
        stop_on: What to stop on, of ``STOPS``.
        framework: That of the model, as its watcher names it.
    """

    def __init__(
        self, wish: StopWish, stop_on: Collection[str] = (), framework: str = "torch"
    ) -> None:
        self.stop_on = frozenset(stop_on)
        self._wish = wish
        self._judge = Judge(framework=framework)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All so far."""
        return self._judge.findings

    def look(self, sample: Sample) -> None:
        """Judge what was measured in a step."""
        self._heed(self._judge.look(sample))

    def look_at_loss(self, name: str, step: int, value: float) -> None:
        """Judge what the user named as the loss; one without a name is told of by its watcher."""
        if name and not math.isfinite(value):
            self._heed(self._judge.look_at_loss(name, step, value))

    def look_at(self, culprit: Culprit) -> None:
        """Judge where values stopped being finite."""
        self._heed([self._judge.look_at_culprit(culprit)])

    def conclude(self) -> None:
        """Judge what is the last of the training."""
        self._judge.conclude()

    def _heed(self, findings: Iterable[Finding]) -> None:
        kinds = {STOPS[word] for word in self.stop_on}
        for finding in findings:
            if finding.kind in kinds:
                self._wish.ask(finding.message)
