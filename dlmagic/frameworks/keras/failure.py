"""Why a mode failed, in one sentence, and at which line of the cell."""

from __future__ import annotations

import re
import traceback

_DECORATION = re.compile(r"\x1b\[[0-9;]*m| with name 'None'")
_KNOWN = (
    ("must call `compile()`", "The model is not compiled: call its compile() first."),
    ("has not yet been built", "The model is not built: call it once, or give it an Input."),
    ("the layer isn't built", "A layer is not built: call the model once, or give it an Input."),
    (
        "SymbolicTensor",
        (
            "A step of the model asks for the value of a tensor, which a graph does not have: "
            "leave out float(), int(), .numpy() and if on tensors."
        ),
    ),
)
_SHAPES = ("expected axis", "expected min_ndim", "expected ndim", "expected shape", "incompatible")


def explain_failure(error: BaseException, filename: str | None) -> tuple[str, int | None] | None:
    """The reason and the line of a failure of Keras itself, else None.

    Args:
        error: What was raised.
        filename: The cell's file name; lines in other files are not the user's line.
    """
    text = _DECORATION.sub("", " ".join(str(error).split()))
    reason = next((said for sign, said in _KNOWN if sign in text), None)
    if reason is None and text.startswith(("Input ", "Exception encountered")):
        reason = _about_shapes(text)
    return None if reason is None else (reason, _line_of(error, filename))


def _about_shapes(text: str) -> str | None:
    """What Keras says of a layer that got a wrong shape, without its list of arguments."""
    if not any(sign in text for sign in _SHAPES):
        return None
    said = text[max(text.find("Input "), 0) :]
    return f"{said.partition(' Arguments received')[0].rstrip('.')}."


def _line_of(error: BaseException, filename: str | None) -> int | None:
    """The innermost line of the cell in the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == filename]
    return lines[-1] if lines else None
