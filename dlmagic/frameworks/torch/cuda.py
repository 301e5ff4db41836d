"""What PyTorch tells about CUDA devices: the memory of its allocator, the GPU behind, its cache.

No driver is started: without CUDA in use there is nothing to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from dlmagic.frameworks.costs import DevicePeak

_EVER = "reserved_bytes.all.allocated"  # all that was ever taken from a device
_MINIMUM_FLUSH = 64 * 1024**2  # bytes


def devices_in_use() -> list[int]:
    """The devices that have held tensors; empty while CUDA is not started.

    Any other must not even be waited for: that would start it, which takes memory.
    """
    if not (torch.cuda.is_available() and torch.cuda.is_initialized()):
        return []
    return [i for i in range(torch.cuda.device_count()) if torch.cuda.memory_stats(i).get(_EVER)]


def watch_memory() -> Callable[[], DevicePeak] | None:
    """Begin to watch the allocator; the result tells the peak above what was in use before."""
    devices = devices_in_use()
    if not devices:
        return None
    cuda = torch.cuda
    for device in devices:
        cuda.synchronize(device)
    cuda.empty_cache()  # else what is reserved already would hide what the call needs
    allocated = {device: cuda.memory_allocated(device) for device in devices}
    reserved = {device: cuda.memory_reserved(device) for device in devices}
    for device in devices:
        cuda.reset_peak_memory_stats(device)

    def peak() -> DevicePeak:
        for device in devices:
            cuda.synchronize(device)
        return DevicePeak(
            sum(cuda.max_memory_allocated(d) - before for d, before in allocated.items()),
            sum(cuda.max_memory_reserved(d) - before for d, before in reserved.items()),
            "CUDA allocator",
        )

    return peak


def gpus_in_use() -> Sequence[str] | None:
    """UUIDs of the devices with tensors, as NVIDIA's driver writes them; None if not known."""
    found = []
    for device in devices_in_use():
        if not torch.cuda.memory_reserved(device):
            continue
        uuid = getattr(torch.cuda.get_device_properties(device), "uuid", None)
        if uuid is None:
            return None
        found.append(f"GPU-{str(uuid).removeprefix('GPU-')}")
    return found


def cache_flusher() -> Callable[[], object] | None:
    """A function that fills the cache of each device with zeros by a kernel, and waits for it."""
    buffers = [
        torch.empty(max(2 * _cache_bytes(d), _MINIMUM_FLUSH), dtype=torch.int8, device=f"cuda:{d}")
        for d in devices_in_use()
    ]
    if not buffers:
        return None

    def flush() -> None:
        for buffer in buffers:
            buffer.zero_()
        for buffer in buffers:
            torch.cuda.synchronize(buffer.device)

    return flush


def _cache_bytes(device: int) -> int:
    return int(getattr(torch.cuda.get_device_properties(device), "L2_cache_size", 0))
