"""What a session hears in the thread that trains, and where it ends a training."""

from __future__ import annotations

import sys
from collections.abc import Callable

from dlmagic.errors import TrainingStopped
from dlmagic.magics.watch.flusher import Flusher
from dlmagic.magics.watch.judging import Judging
from dlmagic.magics.watch.named_loss import NamedLoss
from dlmagic.magics.watch.own_ways import ask_loop_to_end
from dlmagic.magics.watch.sample_result import Culprit
from dlmagic.magics.watch.stopping import StopWish


class Listening:
    """The listener of one model's watcher.

    Args:
        name: What the model is called.
        wish: Whether to end the training.
        judging: Says what is wrong.
        flusher: Is woken after each step.
        spare: Keeps the present step from changing the weights; None where nobody can, as in a
            graph of TensorFlow, which has changed them by the time that it tells.
    """

    def __init__(
        self,
        name: str,
        wish: StopWish,
        judging: Judging,
        flusher: Flusher,
        spare: Callable[[], object] | None,
    ) -> None:
        self.name = name
        self.loss: NamedLoss | None = None
        self.stopped = ""
        """Why the training was last ended, a sentence."""
        self._wish, self._judging, self._flusher, self._spare = wish, judging, flusher, spare
        self._step = 0

    def step_ended(self, step: int) -> None:
        """Called after every step, so it must cost nothing.

        Raises:
            TrainingStopped: Somebody wants the training to end.
        """
        self._step = step
        self._wish.beat()
        self._flusher.wake()
        if self._wish.why:
            self._stop(f"after step {step}", changed=True)

    def arrived(self) -> None:
        """Something has come from where the training is, which is in other processes."""
        self._flusher.wake()

    def loss_wanted(self) -> object:
        """The value that the user named as the loss."""
        return None if self.loss is None else self.loss.value()

    def heeds_all(self) -> bool:
        """Whether the training is to end on a NaN, and before the weights have it."""
        return "nan" in self._judging.stop_on

    def wants_end(self) -> bool:
        """Whether somebody wants the training to end."""
        return bool(self._wish.why)

    def not_finite(self, culprit: Culprit, *, over: bool = False) -> None:
        """Values are not finite; where the weights have not changed yet, they need not.

        Raises:
            TrainingStopped: The training is to end on it, and the step is not over.
        """
        self._judging.look_at(culprit)
        self._flusher.wake()
        if self._wish.why and culprit.step > self._step and not over:
            spared = ", before the weights changed" if self._spare is not None else ""
            self._stop(f"in step {culprit.step}{spared}", changed=False)

    def _stop(self, when: str, *, changed: bool) -> None:
        why = self._wish.why.rstrip(".")
        self._wish.forget()
        self.stopped = f"The training of {self.name} was stopped {when}: {why}."
        if ask_loop_to_end():
            if not changed and self._spare is not None:
                self._spare()
            print(self.stopped, file=sys.stderr)  # noqa: T201 - no error says it
            return
        raise TrainingStopped(self.stopped, self._step)
