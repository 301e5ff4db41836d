"""Waiting for GPUs in a queue with others, with a line that tells who has them meanwhile."""

from __future__ import annotations

import math
import time

from dlmagic.devices.leases.queue import Place
from dlmagic.devices.leases.values import Wish
from dlmagic.display.progress import Progress
from dlmagic.magics.gpus.pick.claiming import Claimed, Claimer
from dlmagic.magics.gpus.pick.sight import Sight
from dlmagic.magics.gpus.pick.words import devices_in_words, lasting, ordinal, why_none_suits

_TELL = 1.0  # seconds between two looks at who holds what, to tell the user


def wait_for(claimer: Claimer, seen: Sight, seconds: float, progress: Progress) -> Claimed | Sight:
    """Take what is wanted as soon as it is free; or, when the time is up, why it is not.

    Args:
        claimer: Takes it.
        seen: What was seen before.
        seconds: How long to wait; infinite for as long as it takes.
        progress: Where to tell that this waits.

    Raises:
        PickError: It can no longer be had here, however long one waits.
    """
    wish = Wish(claimer.request.count, tuple(each.claim for each in seen.useful))
    with claimer.folder.queue(wish) as place:
        line = _Line(claimer, place, progress, seen)
        for _ in place.attempts(None if math.isinf(seconds) else seconds, line.tell):
            outcome = claimer.attempt(place)
            if isinstance(outcome, Claimed):
                return outcome
            line.seen = outcome
            place.decline([each.uuid for each in outcome.candidates if each.bar and each.uuid])
            line.tell()
        return line.seen


class _Line:
    """The line of progress.

    Args:
        claimer: Who waits.
        place: In the queue.
        progress: Shows it.
        seen: The last look at the GPUs.
    """

    def __init__(self, claimer: Claimer, place: Place, progress: Progress, seen: Sight) -> None:
        self._claimer, self._place, self._progress = claimer, place, progress
        self.seen = seen
        self._begun, self._due = time.monotonic(), 0.0

    def tell(self) -> None:
        """Show who holds what, once a second."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + _TELL
        self.seen = self._claimer.with_holders(self.seen)
        self._progress.update(self._text(now - self._begun))

    def _text(self, waited: float) -> str:
        wait = self._claimer.request.wait
        limit = "" if math.isinf(wait) else f" of {lasting(wait)}"
        place = ordinal(len(self._place.ahead()) + 1)
        wanted = devices_in_words(self._claimer.request.count)
        head = f"Waiting for {wanted}: {lasting(waited)}{limit}, {place} in the queue"
        return f"{head}. {why_none_suits(self.seen)}"
