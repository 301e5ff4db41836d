"""What the frameworks in use have already decided about devices, asked without any effect.

A framework decides once per process, when it first needs a device or is asked for them; what is
set afterwards (``CUDA_VISIBLE_DEVICES``, how memory is taken) it does not read again.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass


@dataclass(frozen=True)
class DevicesMade:
    """How far a framework has got.

    Attributes:
        framework: In the user's words, such as ``"JAX"``.
        started_cuda: Whether it has started CUDA; None where it does not tell.
        settled: What it will keep to until the kernel restarts, such as
            ``"JAX has made its devices (cpu)"``; None where it can still find GPUs.
        decided: Whether it has taken its devices, with what was set for their memory.
        forked: Whether it knows that CUDA was started before this process was forked.
    """

    framework: str
    started_cuda: bool | None
    settled: str | None = None
    decided: bool = False
    forked: bool = False


def devices_made() -> tuple[DevicesMade, ...]:
    """All frameworks that the user has imported and that have devices of their own."""
    from dlmagic.frameworks.entries import ENTRIES, KERAS, is_loaded

    # The devices of Keras are its backend's.
    entries = [entry for entry in ENTRIES if entry is not KERAS and is_loaded(entry)]
    return tuple(
        importlib.import_module(f"dlmagic.frameworks.{entry.root}.devices_made").devices_made()
        for entry in entries
    )
