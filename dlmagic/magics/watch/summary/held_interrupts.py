"""Interrupts that wait for a place where they do no harm."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

PATIENCE = 1.0
"""Seconds for which an interrupt waits; one that comes later is let through at once."""


class HeldInterrupts:
    """While active, an interrupt waits until it is let through, or for the end.

    While PyTorch computes with tensors without numbers, an interrupt may come in the midst of its
    C++ code, which lets no error through there: the process ends, "terminate called after throwing
    an instance of 'python_error'", and the notebook with it (seen with PyTorch 2.13).

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._before: Any = None
        self._held: tuple[int, FrameType | None] | None = None
        self._since = 0.0

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            before = signal.getsignal(signal.SIGINT)
            if callable(before):
                self._before = before
                signal.signal(signal.SIGINT, self._hold)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None and signal.getsignal(signal.SIGINT) == self._hold:
            signal.signal(signal.SIGINT, self._before)
        self.let_through()

    def let_through(self) -> None:
        """Interrupt now, if an interrupt waits.

        Raises:
            KeyboardInterrupt: One did.
        """
        held, self._held = self._held, None
        if held is not None:
            self._before(*held)

    def _hold(self, number: int, frame: FrameType | None) -> None:
        if self._held is None:
            self._held, self._since = (number, frame), self._clock()
        elif self._clock() - self._since >= PATIENCE:
            self.let_through()
