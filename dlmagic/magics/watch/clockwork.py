"""What a watcher does at the end of each step, whichever framework made it."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter

from dlmagic.magics.watch.pacing import Pacing

UNKNOWN = float("nan")


@dataclass
class Stopwatch:
    """Times the steps of a training, from the end of one to the end of the next.

    Attributes:
        pacing: Is told.
    """

    pacing: Pacing
    _ended: float = field(default=UNKNOWN, init=False)

    def interrupted(self) -> None:
        """The time since the last step says nothing: something was compiled, or nobody trained."""
        self._ended = UNKNOWN

    def step_ended(self, step: int, *, steps: int, measured: bool, own: float | None) -> None:
        """Steps have ended.

        Args:
            step: The last of them.
            steps: How many.
            measured: Whether the last was measured.
            own: Seconds of our own doing in it; None where that can only be told by comparison.
        """
        now = perf_counter()
        seconds = (now - self._ended) / steps
        self._ended = now
        for _ in range(steps - measured):
            self.pacing.plain_step(seconds, min(own or 0.0, seconds) if not measured else 0.0)
        if measured:
            self.pacing.measured_step(step, seconds, self._longer(seconds) if own is None else own)

    def _longer(self, seconds: float) -> float:
        plain = self.pacing.overhead().plain_step
        return max(0.0, seconds - plain) if plain is not None and seconds == seconds else 0.0

    def resume(self) -> None:
        """What was done since the step ended is not part of the next."""
        if self._ended == self._ended:
            self._ended = perf_counter()
