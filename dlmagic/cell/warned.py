"""Warnings of a cell's own lines while our code stands between them and a framework."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

from dlmagic.cell.source import is_of_dlmagic, is_of_others


@contextmanager
def warnings_name_users_lines() -> Iterator[None]:
    """Warnings that would name a line of ours name the user's line that has led there.

    A framework warns of its caller, which is a recorder of ours where one listens to all calls.
    """
    told = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        users = _users_frame() if is_of_dlmagic(filename) else None
        if users is not None:
            filename, lineno, line = users.f_code.co_filename, users.f_lineno, None
        told(message, category, filename, lineno, file, line)

    try:
        warnings.showwarning = show
        yield
    finally:
        if warnings.showwarning is show:  # else somebody has taken over meanwhile
            warnings.showwarning = told


def _users_frame() -> FrameType | None:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_of_others(frame.f_code.co_filename):
        frame = frame.f_back
    return frame
