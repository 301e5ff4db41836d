"""Ending a training between two of its steps, because somebody asked for it."""

from __future__ import annotations

import _thread
import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence

PATIENCE = 2.0
"""Seconds that an interrupt waits for a step to end, above the time that a step takes."""

_LONGEST_STEP = 8.0  # seconds of a step that are waited for


class StopWish:
    """A wish to stop, and the pulse of the training that it is waiting for.

    Steps are told in the thread that trains; wishes come from any thread.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.why = ""
        """Why to stop, half a sentence; empty where nobody wants to."""
        self._last = float("-inf")
        self._longest = 0.0

    def beat(self) -> None:
        """A step has ended."""
        now = self._clock()
        lasted = now - self._last
        if lasted < _LONGEST_STEP:
            self._longest = max(lasted, 0.9 * self._longest)
        self._last = now

    def ask(self, why: str) -> None:
        """Ask for the end of the training; the first reason counts."""
        self.why = self.why or why

    def forget(self) -> None:
        """Nobody wants to stop any more."""
        self.why = ""

    def begin_cell(self) -> None:
        """What was asked before is void, and nothing trains until a step ends."""
        self.why, self._last = "", float("-inf")

    @property
    def patience(self) -> float:
        """Seconds in which the present step should end."""
        return PATIENCE + self._longest

    def in_training(self) -> bool:
        """Whether a step ended a moment ago, so that the next one will soon."""
        return self._clock() - self._last < self.patience


@contextlib.contextmanager
def first_interrupt_waits(
    wishes: Callable[[], Sequence[StopWish]],
    prepare: Callable[[BaseException], object] = lambda _: None,
) -> Iterator[None]:
    """While this lasts, an interrupt of a training is a wish to stop after its present step.

    A second interrupt is an ordinary one, and so is the first where no step has ended a moment
    ago, or none ends soon. Only Python's own way to handle an interrupt is replaced, and only in
    the main thread.

    Args:
        wishes: Those of all models that are watched at the moment of the interrupt.
        prepare: Gets an ordinary interrupt before it is raised.
    """
    if not _may_replace():
        yield
        return
    gentle = _Gentle(wishes, prepare)
    signal.signal(signal.SIGINT, gentle.interrupted)
    try:
        yield
    finally:
        gentle.end()


class _Gentle:
    """Handles interrupts while a cell runs."""

    def __init__(
        self,
        wishes: Callable[[], Sequence[StopWish]],
        prepare: Callable[[BaseException], object],
    ) -> None:
        self._wishes, self._prepare = wishes, prepare
        self._asked: list[StopWish] = []
        self._timer: threading.Timer | None = None

    def interrupted(self, *_: object) -> None:
        """What Python calls in the main thread."""
        training = [wish for wish in self._wishes() if wish.in_training()]
        if self._timer is not None or not training:
            self._forget()
            error = KeyboardInterrupt()
            self._prepare(error)
            raise error
        for wish in training:
            wish.ask(INTERRUPTED)
        self._asked = training
        self._timer = threading.Timer(min(wish.patience for wish in training), self._insist)
        self._timer.daemon, self._timer.name = True, TIMER
        self._timer.start()

    def end(self) -> None:
        """Leave interrupts as they were."""
        if signal.getsignal(signal.SIGINT) == self.interrupted:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self._forget()

    def _insist(self) -> None:
        """Interrupt in the ordinary way, where no step has ended."""
        in_force = signal.getsignal(signal.SIGINT) == self.interrupted
        if in_force and all(wish.why == INTERRUPTED for wish in self._asked):
            interrupt_main_thread()
        else:
            self._timer = None

    def _forget(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        for wish in self._asked:
            if wish.why == INTERRUPTED:
                wish.forget()
        self._asked = []


INTERRUPTED = "it was interrupted"
TIMER = "dlmagic-watch-interrupt"


def interrupt_main_thread() -> None:
    """Send the main thread an interrupt, also while it sleeps or waits."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:  # Windows
        _thread.interrupt_main()


def _may_replace() -> bool:
    own = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return own and threading.current_thread() is threading.main_thread()
