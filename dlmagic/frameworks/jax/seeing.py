"""Which devices JAX sees; asked in a process of its own, since the question starts CUDA."""

from __future__ import annotations

from typing import Any

import jax


def look(compute: bool) -> dict[str, Any]:
    """The devices that are no processors, and JAX's words where there are none.

    Args:
        compute: Whether to put a number on the first one.
    """
    devices, words, computed = [], "", False
    try:
        found = [each for each in jax.devices() if each.platform != "cpu"]
        devices = [_described(each) for each in found]
        if found and compute:
            computed = bool(jax.device_put(2, found[0]).item() == 2)
    except RuntimeError as error:
        words = str(error)
    return {
        "version": str(jax.__version__),
        "devices": devices,
        "computed": computed,
        "architectures": [],
        "words": words if devices else words or _why_no_cuda(),
    }


def _described(device: Any) -> dict[str, Any]:
    told = str(getattr(device, "compute_capability", "") or "")
    major, _, minor = told.partition(".")
    numbers = [int(major), int(minor)] if major.isdigit() and minor.isdigit() else None
    return {"place": str(device), "name": str(device.device_kind), "capability": numbers}


def _why_no_cuda() -> str:
    """JAX is silent about it unless CUDA is asked for by name."""
    try:
        jax.devices("cuda")
    except RuntimeError as error:
        return str(error)
    return ""
