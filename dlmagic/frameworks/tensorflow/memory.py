"""What TensorFlow's allocators count, and the caches of GPUs.

On processors for which TensorFlow uses oneDNN, an allocator of its own keeps main memory for later,
and counts. What the operating system sees of the process then no longer changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from dlmagic.frameworks.costs import DevicePeak
from dlmagic.frameworks.tensorflow import _compat as compat

_FLUSHED = 256 * 1024**2  # bytes; no GPU has a larger cache


def gpus() -> list[str]:
    """Such as ``GPU:0``; empty where TensorFlow has started none."""
    if not compat.is_started():
        return []
    return [f"GPU:{index}" for index, _ in enumerate(tf.config.list_logical_devices("GPU"))]


def counting() -> list[str]:
    """The GPUs, or without one the processor, where its allocator counts."""
    places = gpus()
    if places or not compat.is_started():
        return places
    try:
        tf.config.experimental.get_memory_info("CPU:0")
    except ValueError:  # the C library's allocator, which does not
        return []
    return ["CPU:0"]


def watch_memory(devices: Sequence[str] | None = None) -> Callable[[], DevicePeak] | None:
    """Begin to watch the allocators; the result tells the peak above what was in use before.

    Args:
        devices: Such as ``GPU:0``; by default those that count.
    """
    watched = counting() if devices is None else list(devices)
    if not watched:
        return None
    experimental = tf.config.experimental
    before = {device: experimental.get_memory_info(device)["current"] for device in watched}
    for device in watched:
        experimental.reset_memory_stats(device)

    def peak() -> DevicePeak:
        found = (experimental.get_memory_info(d)["peak"] - b for d, b in before.items())
        of_host = all(device.startswith("CPU") for device in watched)
        return DevicePeak(sum(found), None, "TensorFlow allocator", of_host)

    return peak


def cache_flusher() -> Callable[[], object] | None:
    """A function that fills the cache of each GPU by a kernel; None where there is none."""
    places = gpus()
    if not places:
        return None
    buffers = []
    for place in places:
        with tf.device(place):
            buffers.append(tf.zeros(_FLUSHED // 4, tf.float32))

    def flush() -> None:
        for place, buffer in zip(places, buffers, strict=True):
            with tf.device(place):
                tf.add(buffer, 1.0)
        tf.test.experimental.sync_devices()

    return flush
