"""Which function runs without gradients because ``torch.no_grad()`` or its like decorates it."""

from __future__ import annotations

from types import CodeType, FrameType
from typing import Any

import torch

_decorated: Any = torch.no_grad()(lambda: None)
_AROUND: CodeType = _decorated.__code__
"""What runs around a function that any of PyTorch's modes of gradients decorates."""


def decorated_on(frame: FrameType | None, filename: str) -> str:
    """The innermost such function on a running stack that a file's code has called.

    Args:
        frame: Where the stack is looked at from.
        filename: The file's name in tracebacks.

    Returns:
        Its name; empty without one.
    """
    name = inner = ""
    while frame is not None:
        code = frame.f_code
        if name and code.co_filename == filename:
            return name
        if code is _AROUND:
            name = name or inner
        inner = code.co_name if code.co_name.isidentifier() else ""
        frame = frame.f_back
    return ""
