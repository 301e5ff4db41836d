"""Why a mode failed, in one sentence, and at which line of the cell."""

from __future__ import annotations

import traceback


def explain_failure(error: BaseException, filename: str | None) -> tuple[str, int | None] | None:
    """The reason and the line of a failure of Keras itself, else None."""
    known = _KNOWN
    text = str(error)
    reason = next((said for sign, said in known if sign in text), None)
    return None if reason is None else (reason, line_of(error, filename))


def line_of(error: BaseException, filename: str | None) -> int | None:
    """The innermost line of the cell in the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == filename]
    return lines[-1] if lines else None


_KNOWN: tuple[tuple[str, str], ...] = (
    ("must call `compile()`", "The model is not compiled: call its compile() first."),
)
