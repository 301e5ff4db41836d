"""Why a mode failed, in one sentence, and at which line of the cell."""

from __future__ import annotations

import traceback

import jax

from dlmagic.frameworks.jax.changes import ChangedWhileTracedError
from dlmagic.frameworks.jax.reasons import BY_KIND, BY_TEXT, INSTEAD, INSTEAD_OF_OTHERS

_WHERE_TRACED = "The error occurred while tracing the function"
_NOT_KNOWN = "A value is needed here that is not known while the cell is traced"


def explain_failure(error: BaseException, filename: str | None) -> tuple[str, int | None] | None:
    """The reason and the line of a failure that JAX raised, else None.

    Args:
        error: What was raised.
        filename: The cell's file name; lines in other files are not the user's line.
    """
    if isinstance(error, ChangedWhileTracedError):
        return str(error), None
    frame = _frame_of(error, filename)
    reason = _reason(error, frame)
    return None if reason is None else (reason, frame.lineno if frame else None)


def _reason(error: BaseException, frame: traceback.FrameSummary | None) -> str | None:
    text = str(error)
    said = next((said for kind, said in BY_KIND if isinstance(error, kind)), None)
    said = said or next((said for sign, said in BY_TEXT if sign in text), None)
    if isinstance(error, jax.errors.TracerBoolConversionError):
        return f"{said}{_instead(frame)}"
    if said is None and isinstance(error, jax.errors.ConcretizationTypeError):
        return _with_detail(text)
    if said is None and _WHERE_TRACED in text:  # it names dlmagic's own function
        own = " ".join(text.partition(_WHERE_TRACED)[0].split())
        return f"{type(error).__name__}: {own}"
    return said


def _instead(frame: traceback.FrameSummary | None) -> str:
    """What to use in place of the statement that decides by a value."""
    words = (frame.line or "").split(maxsplit=1) if frame else []
    return INSTEAD.get(words[0], INSTEAD_OF_OTHERS) if words else INSTEAD_OF_OTHERS


def _with_detail(text: str) -> str:
    """JAX's second sentence, which says whose value: the first one is always the same."""
    lines = text.partition(_WHERE_TRACED)[0].splitlines()[1:]
    detail = " ".join(line.strip() for line in lines if line.strip()).rstrip(".")
    return f"{_NOT_KNOWN}: {detail}." if detail else f"{_NOT_KNOWN}."


def _frame_of(error: BaseException, filename: str | None) -> traceback.FrameSummary | None:
    """The innermost place of the cell in the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame for frame in reversed(frames) if frame.filename == filename), None)
