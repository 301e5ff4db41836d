"""What PyTorch knows of CUDA in this process."""

from __future__ import annotations

from contextlib import suppress

import torch


def in_bad_fork() -> bool:
    """Whether PyTorch started CUDA before this process was forked; False where it does not tell."""
    asked = getattr(torch.cuda, "_is_in_bad_fork", None)
    return bool(asked()) if callable(asked) else False


def let_go_of_capture(device: int, pool: tuple[int, int]) -> None:
    """End what the allocator still does for a capture that has failed.

    Else it takes the capture for going on: ``torch.cuda.empty_cache()`` frees nothing any more, and
    neither does running out of memory. Where the capture has let go by itself this does nothing.
    """
    for name in ("_cuda_endAllocateToPool", "_cuda_endAllocateCurrentStreamToPool"):
        end = getattr(torch._C, name, None)
        if end is not None:
            with suppress(RuntimeError):
                end(device, pool)
    release = getattr(torch._C, "_cuda_releasePool", None)
    if release is not None:
        with suppress(RuntimeError):
            release(device, pool)
