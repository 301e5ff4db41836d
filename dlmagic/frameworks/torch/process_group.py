"""The process group of torch.distributed: brought up, taken down, and cut off where it hangs."""

from __future__ import annotations


def hang_up() -> None:
    """Cut the connections of a group that :func:`join` brought up."""
