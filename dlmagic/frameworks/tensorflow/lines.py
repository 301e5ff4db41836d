"""At which line of the cell an error of TensorFlow arose.

AutoGraph rewrites the cell, so the traceback leads to generated code; the true lines stand in
the error's text. They count in the cell's form as a function, which begins one line earlier
where the cell has no magic line.
"""

from __future__ import annotations

import linecache
import re
import traceback
from collections.abc import Iterator

_FRAME = re.compile(r'File "([^"\n]+)", line (\d+)')
_FUNCTION = " as a function>"


def line_of(error: BaseException, filename: str | None) -> int | None:
    """The innermost line of the cell in the error's text or traceback; None if there is none.

    Args:
        error: What was raised.
        filename: The cell's file name in tracebacks.
    """
    if filename is None:
        return None
    lines = [line for line in _lines(error, filename) if line is not None]
    return lines[-1] if lines else None


def _lines(error: BaseException, filename: str) -> Iterator[int | None]:
    for frame in traceback.extract_tb(error.__traceback__):
        yield in_cell(frame.filename, frame.lineno or 0, filename)
    for name, number in _FRAME.findall(str(error)):
        yield in_cell(name, int(number), filename)


def in_cell(name: str, number: int, filename: str) -> int | None:
    """The cell's line behind a line of a file; None where the file is not the cell.

    Args:
        name: The file's name.
        number: The line in it.
        filename: The cell's file name.
    """
    if name == filename:
        return number
    if name.endswith(_FUNCTION):
        return max(1, number - _lines_before(filename))
    return None


def _lines_before(filename: str) -> int:
    """How many lines the function has before the cell's own: none in place of a magic line."""
    first = linecache.getline(filename, 1).strip()
    return 0 if not first or first.startswith("%%") else 1
