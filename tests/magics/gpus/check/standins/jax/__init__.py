"""Stands in for a JAX with its plugin for CUDA."""

import ctypes
import os

from jax.built import FAILS, VERSION

__version__ = VERSION


class _Device:
    platform = "gpu"
    device_kind = "NVIDIA H100 80GB HBM3"
    compute_capability = "9.0"

    def __str__(self):
        return "cuda:0"


class _Number:
    def __init__(self, value):
        self._value = value

    def item(self):
        return self._value


def devices(platform=None):
    wanted = platform or os.environ.get("JAX_PLATFORMS") or "cuda"
    if wanted == "cuda" and not FAILS and not ctypes.CDLL("libcuda.so.1").cuInit(0):
        return [_Device()]
    if platform == "cuda":
        raise RuntimeError(f"Unable to initialize backend 'cuda': {FAILS or 'not chosen'}")
    return []


def device_put(value, device):
    return _Number(value)
