"""Running compiled models without their compiled code for the time of a measured call."""

from __future__ import annotations

import threading
from typing import Any

import torch

from dlmagic.frameworks.torch import _compat as compat

_lock = threading.Lock()
_inside: set[int] = set()
_stance: Any = None


def enter(who: object) -> bool:
    """From now on compiled code is left aside; returns whether that has begun for ``who``.

    Nothing is compiled meanwhile, and what has been compiled stays so.
    """
    global _stance
    if not compat.dynamo_is_loaded() or not hasattr(torch.compiler, "set_stance"):
        return False
    with _lock:
        if id(who) in _inside:
            return False
        _inside.add(id(who))
        try:
            _stance = _stance or torch.compiler.set_stance("force_eager")
        except RuntimeError:  # within a compiled call
            _inside.discard(id(who))
            return False
    return True


def leave(who: object) -> None:
    """For ``who`` it has ended, if it had begun; compiled code runs again once all have left."""
    global _stance
    with _lock:
        _inside.discard(id(who))
        if not _inside and _stance is not None:
            _stance.__exit__(None, None, None)
            _stance = None
