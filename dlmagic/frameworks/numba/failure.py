"""Why numba could not compile a cell, in one sentence, and at which line of the cell."""

from __future__ import annotations

import re
import traceback
from pathlib import PurePath

import numba

from dlmagic.frameworks.numba.reasons import PATTERNS

_HOME = PurePath(numba.__file__).parent
_REJECTED = re.compile(r"Rejected as the implementation raised a specific error:\s*\w+: (.+)")
_LITERAL = re.compile(r"Literal\[(\w+)\]\(([^()]*)\)")
_OWN_WORDS = (
    (re.compile(r"<iv=[^>]*>"), ""),  # what numba happens to know of a container's first values
    (re.compile(r"type\(CPUDispatcher\(<function (\w+) at 0x\w+>\)\)"), r"\1"),
)
_PIPELINE = re.compile(r"Failed in \w+ mode pipeline \(step: [^)]*\)\s*")


def explain_failure(error: BaseException, filename: str | None) -> tuple[str, int | None] | None:
    """The reason and the line of what numba raised, else None.

    Args:
        error: What was raised.
        filename: The cell's file name; lines in other files are not the user's line.
    """
    if isinstance(error, SystemError) and error.__cause__ is not None:
        return f"numba cannot return a value of the cell: {error.__cause__}.", None
    if type(error).__module__.partition(".")[0] == "numba":
        return _shortened(_reason(str(error))), line_of(error, filename)
    if _raised_by_compiler(error):
        text = " ".join(str(error).split())
        reason = f"numba failed to compile the cell ({type(error).__name__}: {text})."
        return _shortened(reason), line_of(error, filename)
    return None


def line_of(error: BaseException, filename: str | None) -> int | None:
    """The line of the cell: numba's own place of the error, else the nearest that it names."""
    place = getattr(error, "loc", None)
    if filename is None:
        return None
    if place is not None and place.filename == filename:
        return int(place.line)
    name = re.escape(filename)
    named = re.findall(rf'(?:at|from) {name} \((\d+)\)|File "{name}", line (\d+)', str(error))
    return next((int(first or second) for first, second in named), None)


def _reason(text: str) -> str:
    text = _LITERAL.sub(lambda found: found[1], _PIPELINE.sub("", text))
    for words, instead in _OWN_WORDS:
        text = words.sub(instead, text)
    for pattern, said in PATTERNS:
        found = re.search(pattern, text, re.IGNORECASE)
        if found is not None:
            return found.expand(said) + (_why(text) if said.endswith(")") else "")
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line), "it gives no reason")
    return f"numba cannot compile the cell: {first.partition(' Raised from ')[0].rstrip('.')}."


def _why(text: str) -> str:
    """Why the implementation that there is was rejected."""
    rejected = _REJECTED.search(text)
    return f": {rejected[1].strip().rstrip('.')}." if rejected else "."


def _raised_by_compiler(error: BaseException) -> bool:
    """Whether numba's own Python code stumbled, not the compiled function."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and PurePath(frames[-1].filename).is_relative_to(_HOME)


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 240 else text[:239] + "…"
