"""Code under ``%time``: IPython gives all of it one name in tracebacks, and keeps no text of it."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from types import CodeType, FrameType, TracebackType

from dlmagic.magics.tensors.explain.failure import errors_behind
from dlmagic.magics.tensors.explain.hostile import own_value
from dlmagic.magics.tensors.explain.sites import NameOfCell, steps

_FILES = ("<timed exec>", "<timed eval>")
_NAME = "Code under %time"
_TEXT = "expr"
"""IPython's own variable for the code that it times."""


@contextmanager
def timed_code(error: BaseException, name_of_cell: NameOfCell) -> Iterator[NameOfCell]:
    """While active, the lines of timed code that an error passed through can be looked up.

    Args:
        error: What was raised.
        name_of_cell: What the user calls the code of a file; None for code of others.

    Yields:
        The same, which knows the timed code, too.
    """
    texts: dict[str, str] = {}
    for each in errors_behind(error):
        texts |= _texts(own_value(each, "__traceback__"))
    for file, text in texts.items():
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    try:
        yield lambda file: _NAME if file in texts else name_of_cell(file)
    finally:
        for file in texts:
            linecache.cache.pop(file, None)


def _texts(traceback: TracebackType | None) -> dict[str, str]:
    """The code that a traceback passes through, by its name, if all of that is one piece."""
    frames = [step.tb_frame for step in steps(traceback)]
    timing = [
        (before, frame)
        for before, frame in pairwise(frames)
        if _file(frame) in _FILES and isinstance(before.f_locals.get(_TEXT), str)
    ]
    if not timing:
        return {}
    before, first = timing[0]
    own = {code for each in before.f_locals.values() for code in _codes(each)}
    timed = [each.f_code for each in frames if _file(each) == _file(first)]
    return {_file(first): before.f_locals[_TEXT]} if own.issuperset(timed) else {}


def _file(frame: FrameType) -> str:
    return frame.f_code.co_filename


def _codes(value: object) -> Iterator[CodeType]:
    """A piece of code, and those of the functions in it."""
    if isinstance(value, CodeType):
        yield value
        for each in value.co_consts:
            yield from _codes(each)
