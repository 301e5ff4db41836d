"""How the collectives of a process group are ended from outside."""

from __future__ import annotations

import contextlib

import torch.distributed as dist


def abort_process_group() -> None:
    """End what NCCL waits for; nothing where PyTorch has no such function (before 2.6)."""
    abort = getattr(dist.distributed_c10d, "_abort_process_group", None)
    if callable(abort):
        with contextlib.suppress(Exception):
            abort()
