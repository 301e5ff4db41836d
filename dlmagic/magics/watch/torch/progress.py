"""What is known of a training, whether its model still lives or not."""

from __future__ import annotations

import math
from collections.abc import Collection

from dlmagic.magics.watch.pacing import Pacing
from dlmagic.magics.watch.sample_result import Silent, Untrained
from dlmagic.magics.watch.stepping import Stepping
from dlmagic.magics.watch.torch.delivery import Delivery
from dlmagic.magics.watch.torch.heed import Heed
from dlmagic.magics.watch.watcher import Rate


class Progress:
    """Shared by the engine, which goes with the model, and the watcher, which stays.

    Attributes:
        rate: How often a step is measured.
        stepping: Counts the steps.
        pacing: Decides which are measured.
        heed: Decides which of the others are looked at for values that are not finite.
        delivery: What waits to be taken.
        silent: Layers that had not fired when watching ended.
        untrained: Layers whose parameters had required gradients in vain by then.
        skipped: How often gradients were used by no step, as where a gradient scaler skips it.
        paused: Whether nothing is measured for now.
        bypassed: Whether steps were made in which the model itself was not called.
        evaluated: Whether steps were made in which it was called in evaluation mode.
        failure: What went wrong while looking at a step.
        chosen_again: Whether other layers were chosen since the plan was made.
    """

    def __init__(self, chosen: Collection[str], rate: Rate) -> None:
        self.rate = rate
        self.stepping = Stepping()
        self.pacing = Pacing(rate)
        self.heed = Heed(rate.budget if rate.binding else math.inf)
        self.delivery = Delivery()
        self.silent: tuple[Silent, ...] = ()
        self.untrained: tuple[Untrained, ...] = ()
        self.skipped = 0
        self.paused = self.bypassed = self.evaluated = self.chosen_again = False
        self.failure: Exception | None = None
        self._chosen = frozenset(chosen)

    def choose(self, layers: Collection[str]) -> None:
        """Have other layers measured, from the next step on."""
        self._chosen = frozenset(layers)
        self.chosen_again = True

    def newly_chosen(self) -> frozenset[str]:
        """The layers to measure from now on."""
        self.chosen_again = False
        return self._chosen
