"""Interrupts at a place of the code, instead of at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def interrupted_in(number: int, *files: str) -> Iterator[None]:
    """A block that is interrupted before so many lines of these files, if it comes to as many.

    Args:
        number: How many lines, counted from 1.
        files: How their names end.
    """
    before = sys.gettrace()
    sys.settrace(_interrupting(number, files))
    try:
        yield
    finally:
        sys.settrace(before)


def _interrupting(number: int, files: tuple[str, ...]) -> Callable[..., Any]:
    left = [number]

    def trace(frame: FrameType, event: str, _: object) -> Callable[..., Any]:
        if event == "line" and frame.f_code.co_filename.endswith(files):
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
        return trace

    return trace
