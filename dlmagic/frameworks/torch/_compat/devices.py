"""What PyTorch knows of CUDA in this process."""

from __future__ import annotations

import torch


def in_bad_fork() -> bool:
    """Whether PyTorch started CUDA before this process was forked; False where it does not tell."""
    asked = getattr(torch.cuda, "_is_in_bad_fork", None)
    return bool(asked()) if callable(asked) else False
