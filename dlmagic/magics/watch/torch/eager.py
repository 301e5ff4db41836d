"""Running compiled models without their compiled code for the time of a measured call."""

from __future__ import annotations

import threading
from typing import Any

import torch

from dlmagic.frameworks.torch import _compat as compat

_lock = threading.Lock()
_inside = 0
_stance: Any = None


def enter() -> bool:
    """From now on compiled code is left aside; returns whether :func:`leave` must be called.

    Nothing is compiled meanwhile, and what has been compiled stays so.
    """
    global _inside, _stance
    if not compat.dynamo_is_loaded() or not hasattr(torch.compiler, "set_stance"):
        return False
    with _lock:
        if not _inside:
            try:
                _stance = torch.compiler.set_stance("force_eager")
            except RuntimeError:  # within a compiled call
                return False
        _inside += 1
    return True


def leave() -> None:
    """Compiled code runs again, once all threads have left."""
    global _inside, _stance
    with _lock:
        _inside -= 1
        if not _inside:
            _stance.__exit__(None, None, None)
            _stance = None
