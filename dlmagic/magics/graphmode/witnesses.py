"""Other inputs of the same shape, to prove that a graph has kept what it saw only once."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

Change = Callable[[object], object]


def _changed(change: Callable[[Any], Any]) -> Change:
    """The change of floating-point arrays; everything else stays the same object."""

    def apply(value: object) -> object:
        kind = str(getattr(value, "dtype", ""))
        if "float" not in kind or not hasattr(value, "shape"):
            return value
        made = change(value)
        return made.detach() if hasattr(made, "detach") else made

    return apply


WITNESSES: tuple[tuple[str, Change], ...] = (
    ("the signs of all inputs turned,", _changed(lambda value: -value)),
    ("all inputs doubled,", _changed(lambda value: value * 2)),
    ("all inputs set to zero,", _changed(lambda value: value * 0)),
)
"""What is changed, in words, and how."""


class TooLongError(Exception):
    """A run with other inputs did not come to an end."""


@contextmanager
def time_limited(seconds: float) -> Iterator[None]:
    """End Python code that runs longer: with other inputs a loop may never stop.

    Raises:
        TooLongError: In the code itself, at the next line that it comes to.
    """
    before = sys.gettrace()
    end = time.monotonic() + seconds

    def watch(_frame: FrameType, _event: str, _argument: object) -> Any:
        if time.monotonic() > end:
            raise TooLongError
        return watch

    sys.settrace(watch)
    try:
        yield
    finally:
        sys.settrace(before)
