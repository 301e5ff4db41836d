"""Questions to a driver that may hang, answered within a time.

One thread asks them in turn. When an answer is late, each question that is left gets a thread of
its own, so that one GPU does not keep the others from answering. A thread that hangs cannot be
ended; it is left behind and ends when its call returns.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Question(Generic[T]):
    """One question, and its answer once there is one.

    Args:
        ask: Asks it, and returns the answer.
    """

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._answered = threading.Event()
        self._answer: T | None = None
        self._error: BaseException | None = None
        self.thread: threading.Thread | None = None
        """Who asks; None as long as nobody does."""
        self.begun = 0.0
        """When it was asked, of the monotonic clock."""

    def run(self) -> None:
        """Ask, in the present thread."""
        self.thread, self.begun = threading.current_thread(), time.monotonic()
        try:
            self._answer = self._ask()
        except BaseException as error:  # raised again where the answer is wanted
            self._error = error
        self._answered.set()

    def wait(self, seconds: float) -> bool:
        """Whether it is answered within so many seconds."""
        return self._answered.wait(max(0.0, seconds))

    def patience_left(self, patience: float) -> float:
        """Seconds until it is late; all of them as long as nobody asks it."""
        return patience - (time.monotonic() - self.begun if self.begun else 0.0)

    @property
    def answered(self) -> bool:
        """Whether it is answered now."""
        return self._answered.is_set()

    @property
    def answer(self) -> T | None:
        """The answer; None where there is none yet."""
        if self._error is not None:
            raise self._error
        return self._answer


def ask_all(questions: Sequence[Question[T]], *, patience: float, deadline: float) -> None:
    """Ask in turn; come back when all are answered, or when the time is up.

    Args:
        questions: What to ask; those without an answer afterwards are still being asked.
        patience: Seconds after which one that is late no longer holds up the others.
        deadline: Seconds for all of them together.
    """
    end = time.monotonic() + deadline
    left = deque(questions)
    _start(lambda: _ask_in_turn(left))
    if _all_answered(questions, patience, end):
        return
    while left:
        _start(left.popleft().run)
    for each in questions:
        each.wait(end - time.monotonic())


def _all_answered(questions: Sequence[Question[T]], patience: float, end: float) -> bool:
    """Whether none is late, each counted from when it was asked."""
    # The last answer comes last: to wait for it alone wakes this thread once, not for each.
    if not questions or questions[-1].wait(min(patience, end - time.monotonic())):
        return True
    return all(
        each.wait(min(each.patience_left(patience), end - time.monotonic())) for each in questions
    )


def _ask_in_turn(left: deque[Question[T]]) -> None:
    while True:
        try:
            question = left.popleft()
        except IndexError:
            return
        question.run()


def _start(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="dlmagic-nvml", daemon=True).start()
