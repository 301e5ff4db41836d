"""What JAX's allocators count, on devices that have one of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax

from dlmagic.devices.reading import Reason
from dlmagic.frameworks.costs import DevicePeak
from dlmagic.frameworks.jax import _compat as compat

_IN_USE, _PEAK, _COUNT = "bytes_in_use", "peak_bytes_in_use", "num_allocs"
_FLUSHED = 256 * 1024**2  # bytes; no GPU has a larger cache


def watch_memory(
    devices: Sequence[Any] | None = None,
) -> Callable[[], DevicePeak | Reason] | None:
    """Begin to watch the allocators; the result tells the peak above what was in use before.

    Args:
        devices: Those of this process by default.
    """
    counted = [device for device in _known(devices) if device.memory_stats()]
    if not counted:
        return None
    before = [device.memory_stats() for device in counted]

    def peak() -> DevicePeak | Reason:
        found = 0
        for device, earlier in zip(counted, before, strict=True):
            now = device.memory_stats()
            if _COUNT in now and now[_COUNT] == earlier.get(_COUNT):
                continue  # it was not asked for anything
            if now[_PEAK] > earlier[_PEAK]:
                found += now[_PEAK] - earlier[_IN_USE]
            elif now[_PEAK] - earlier[_IN_USE] > 0:
                return Reason(
                    "JAX's allocator tells only the largest peak of the process, which came before"
                )
        return DevicePeak(found, None, "JAX allocator")

    return peak


def cache_flusher(devices: Sequence[Any] | None = None) -> Callable[[], object] | None:
    """A function that fills the cache of each device by a kernel; None where there is only a CPU.

    Args:
        devices: Those of this process by default.
    """
    others = [device for device in _known(devices) if device.platform != "cpu"]
    if not others:
        return None
    buffers = [jax.device_put(jax.numpy.zeros(_FLUSHED, "int8"), device) for device in others]
    fill = jax.jit(lambda buffer: buffer + 1)
    return lambda: jax.block_until_ready([fill(buffer) for buffer in buffers])


def uses_gpus() -> bool:
    """Whether JAX has started a GPU."""
    return any(device.platform in ("gpu", "cuda") for device in _known(None))


def _known(devices: Sequence[Any] | None) -> Sequence[Any]:
    """The devices, where they are started."""
    if devices is not None:
        return devices
    return jax.local_devices() if compat.is_started() else ()
