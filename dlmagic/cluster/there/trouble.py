"""An exception on an engine as plain data: what it says, and where, without our own frames."""

from __future__ import annotations

import importlib
import os
import traceback
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import dlmagic
from dlmagic.errors import DLMagicError, InputError, RankError
from dlmagic.frameworks.collectives import waits_for_others, was_left_alone

_PACKAGE = str(Path(dlmagic.__file__).parent) + os.sep
_EXPLAINER = "dlmagic.magics.tensors.ranks.there"
"""Found by name, as a result finds its view: a cluster knows nothing of rooms."""

_MOST_LINES = 60
"""Of a traceback; the first and the last ones are kept."""


def trouble_of(error: BaseException) -> dict[str, Any]:
    """What the notebook is told about an exception.

    ``waited`` says that the engine was in a collective: then another rank may be the cause.
    """
    own = isinstance(error, DLMagicError) and not isinstance(error, RankError)
    return {
        "kind": type(error).__name__,
        "message": getattr(error, "message", "") if own else " ".join(str(error).split())[:300],
        "hint": getattr(error, "hint", ""),
        "slip": isinstance(error, InputError),
        "waited": waits_for_others(_modules(error.__traceback__)) or was_left_alone(error),
        "traceback": "" if own else text_of(error),
        "rank": getattr(error, "rank", None),
        "explanation": None if own else _explanation_of(error),
    }


def _explanation_of(error: BaseException) -> dict[str, Any] | None:
    """What is known of the mistake behind it. Whatever happens, the error itself is told."""
    try:
        found: dict[str, Any] | None = importlib.import_module(_EXPLAINER).explanation_of(error)
    except Exception:
        return None
    return found


def text_of(error: BaseException) -> str:
    """The traceback from the user's first frame on; all of it where none is the user's."""
    shown = traceback.TracebackException.from_exception(error)
    kept = [frame for frame in shown.stack if not frame.filename.startswith(_PACKAGE)]
    shown.stack = traceback.StackSummary.from_list(_below_kernel(kept) or kept)
    return _shortened("".join(shown.format()))


def text_of_stack(frame: FrameType | None) -> str:
    """Where a thread stands at present, the innermost call last."""
    kept = [f for f in traceback.extract_stack(frame) if not f.filename.startswith(_PACKAGE)]
    return _shortened("".join(traceback.format_list(_below_kernel(kept))))


def _below_kernel(frames: list[traceback.FrameSummary]) -> list[traceback.FrameSummary]:
    """The frames after the last one of whoever called us: the engine and its event loop."""
    outer = ("ipyparallel", "ipykernel", "tornado", "asyncio", "<string>")
    last = max(
        (place for place, frame in enumerate(frames) if any(o in frame.filename for o in outer)),
        default=-1,
    )
    return frames[last + 1 :]


def _shortened(text: str) -> str:
    lines = text.splitlines()
    if len(lines) <= _MOST_LINES:
        return "\n".join(lines)
    half = _MOST_LINES // 2
    return "\n".join([*lines[:half], "    …", *lines[-half:]])


def _modules(trace: TracebackType | None) -> list[str]:
    found = []
    while trace is not None:
        found.append(str(trace.tb_frame.f_globals.get("__name__", "")))
        trace = trace.tb_next
    return found
