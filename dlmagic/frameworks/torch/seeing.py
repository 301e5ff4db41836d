"""Which devices PyTorch sees; asked in a process of its own, since the question starts CUDA."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import torch


def look(compute: bool) -> dict[str, Any]:
    """The devices, and PyTorch's words where there are none.

    Args:
        compute: Whether to add two numbers on the first one, which takes some of its memory.
    """
    devices: list[dict[str, Any]] = []
    words, computed = [], False
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            devices += _devices()
            computed = bool(devices) and compute and _computes(devices[0]["place"])
        except RuntimeError as error:
            words.append(str(error))
    words += [str(each.message) for each in caught]
    return {
        "version": str(torch.__version__),
        "devices": devices,
        "computed": computed,
        "architectures": list(torch.cuda.get_arch_list()) if torch.version.cuda else [],
        "words": "\n".join(words),
    }


def _devices() -> Iterator[dict[str, Any]]:
    # What CUDA's driver refuses becomes a warning of is_available, and an error of all others.
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            yield {
                "place": f"cuda:{index}",
                "name": torch.cuda.get_device_name(index),
                "capability": list(torch.cuda.get_device_capability(index)),
            }
    if torch.backends.mps.is_available():
        yield {"place": "mps", "name": "Apple GPU", "capability": None}
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        for index in range(torch.xpu.device_count()):
            name = torch.xpu.get_device_name(index)
            yield {"place": f"xpu:{index}", "name": name, "capability": None}


def _computes(place: str) -> bool:
    return bool((torch.ones(1, device=place) + 1).item() == 2)
